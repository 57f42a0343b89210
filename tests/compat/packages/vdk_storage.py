"""Objects in a folder and in SQLite, from a step."""

REQUIRES = ["vdk-storage"]


def check(cell):
    cell.body(
        """
        from vdk.plugin.storage.file_storage import FileStorage
        from vdk.plugin.storage.database_storage import DatabaseStorage
        for storage in FileStorage("kept"), DatabaseStorage("sqlite:///kept.db"):
            storage.store("greeting", {"hello": "world"})
            print(storage.retrieve("greeting"), storage.list_contents())
        """
    )
    assert cell.vdk().succeeded().stdout.count("{'hello': 'world'} ['greeting']") == 2
