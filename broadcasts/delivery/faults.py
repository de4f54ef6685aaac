"""How a fault is spoken of in the log: its kind and its place, never its text, which may quote a citizen."""

from pathlib import PurePath


def kind_and_place(fault: BaseException) -> str:
    """What was raised and where, without what it says.

    >>> try:
    ...     int("081-234-5678")
    ... except ValueError as fault:
    ...     kind_and_place(fault)
    'ValueError at <doctest broadcasts.delivery.faults.kind_and_place[0]>:2'
    """
    where = fault.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    place = f"{PurePath(where.tb_frame.f_code.co_filename).name}:{where.tb_lineno}" if where else "?"
    return f"{type(fault).__name__} at {place}"
