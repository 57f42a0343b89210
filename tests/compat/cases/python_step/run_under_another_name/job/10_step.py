from library.helper import run as help_with_it
from observe import record

record("imported", help_with_it.__name__)
