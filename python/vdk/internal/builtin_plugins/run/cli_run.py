"""The command `run`, for commands of plugins that invoke it: `context.invoke(run, data_job_directory=…, arguments=…)`."""

import click


@click.command("run")
@click.argument("data_job_directory")
@click.option("--arguments")
@click.pass_context
def run(context, data_job_directory, arguments):
    """Runs a data job as the command line does, with whatever plugins made of its command."""
    root = context.find_root().command
    return context.invoke(
        root.commands["run"], data_job_directory=str(data_job_directory), arguments=arguments
    )
