"""Text on its way to a spreadsheet: no name may run there as a formula."""

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def quoted(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe before what begins like one."""
    if cell[:1].isalnum():  # nearly all: a table has thousands
        return cell
    return f"'{cell}" if cell.lstrip(" ").startswith(_STARTS) else cell
