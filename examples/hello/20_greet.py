def run(job_input):
    name = job_input.get_arguments().get("name", "World")
    rows = job_input.execute_query("select language, greeting from greetings order by language")
    for language, greeting in rows:
        print(f"{language:<10} {greeting}, {name}!")
