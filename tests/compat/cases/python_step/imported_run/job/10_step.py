from subprocess import run
from observe import record

record("imported", run.__module__)
