"""What came of a run, in every form: tables, label files, a summary page, and what changed since an older table."""

from core.score.write.forms import FORMATS, WriteOptions, Written, check_outputs
from core.score.write.results import write_results

__all__ = ["FORMATS", "WriteOptions", "Written", "check_outputs", "write_results"]
