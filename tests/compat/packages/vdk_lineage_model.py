"""The classes of lineage, in the namespace that they share with ours."""

REQUIRES = ["vdk-lineage-model"]


def check(cell):
    cell.body(
        """
        from vdk.api.job_input import IJobInput
        from vdk.api.lineage.model.logger.lineage_logger import ILineageLogger
        from vdk.api.lineage.model.sql.model import LineageData, LineageTable
        table = LineageTable("catalog", "schema", "name")
        print(table.table, isinstance(job_input, IJobInput))
        """
    )
    assert cell.vdk().succeeded().stdout == "name True\n"
