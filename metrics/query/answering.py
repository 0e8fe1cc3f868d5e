"""The answer to a request: what is asked of the warehouse, with comparisons, top members, order and limit around it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from metrics.query import comparing, ordering, ranking
from metrics.query.asking import Asking
from metrics.query.holdings import Holdings
from metrics.query.request import Request
from metrics.query.result import Result


def answer(holdings: Holdings, request: Request, today: date) -> Result:
    """Returns the answer to the request from one state of the warehouse; see `Result` for the frame.

    Members of a top are chosen once, by the period asked for, and compared with the same members of the earlier one.

    Raises:
        UnknownMetricError, QueryError: the request cannot be answered; the message says what to ask.
    """
    ordering.check(request)
    compare, top = request.compare, request.top
    if compare is None and top is None and not request.sort and request.limit is None:
        return Asking(holdings, request, today).result()
    asked = Asking(holdings, replace(request, compare=None, top=None, sort=(), limit=None), today)
    plain, catalogue = asked.plan.request, holdings.catalogue
    chosen: list[ranking.Members] = []
    results: list[Result] = []

    def ask(each: Request) -> Result:
        result = Asking(holdings, each, today).result()
        results.append(result)
        return result

    def of_members(each: Request) -> Result:
        return ranking.split(ask, each, chosen[0], remainder=top is not None and top.remainder) if chosen else ask(each)

    if top is not None:
        chosen.append(ranking.members(ask, plain, top, catalogue))
    found = of_members(plain)
    frame = found.frame
    if compare is not None:
        frame = comparing.compared(of_members, found, compare, holdings, today)
    whole = replace(found.request, compare=compare, top=top, sort=request.sort, limit=request.limit)
    return replace(
        found,
        request=whole,
        frame=ordering.ordered(frame, whole),
        queries=tuple(query for each in results for query in each.queries),
        notes=tuple(dict.fromkeys([*asked.notes, *(note for each in results for note in each.notes)])),
    )
