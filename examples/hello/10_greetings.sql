create table if not exists greetings as
select 'English' as language, 'Hello' as greeting
union all select 'Bulgarian', 'Zdravei'
union all select 'French', 'Bonjour'
union all select 'Spanish', 'Hola'
union all select 'Swahili', 'Habari'
