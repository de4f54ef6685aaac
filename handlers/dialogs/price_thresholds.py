"""Tell me when it costs that: set by words or step by step, seen and ended (voice.md 3.5)."""

from collections.abc import Callable, Mapping

from handlers.dialogs import price_mornings
from handlers.turn import Bubbles, Turn
from handlers.understanding.amounts import threshold_in
from storage.dialogs import enter, leave
from storage.price_catalogue import Product, products
from storage.price_series import Quote, quotes
from storage.price_thresholds import ANY_NEW, MOST_RULES, PriceThreshold, close, rules_of, wait_for
from storage.price_units import Unit, level, measure
from storage.replies import Button, IncomingKind
from storage.wording import prices as words

NAME = "price_threshold"
BOUNDS = {">": "over", ">=": "at_least", "<": "below", "<=": "at_most"}
"""How a bound is called in actions and in the catalogue."""

FAR_TIMES = 5
"""A bound so many times above or below the latest price was typed wrongly, or in another unit."""

_OPS = {name: op for op, name in BOUNDS.items()}
_OFTEN = {"once": True, "each": False}
_MOST_SATANG = 10**8
_MOST_SHOWN = 5
_MOST_KINDS = 4
_SMALLER_UNITS = (Unit.BAHT_PER_KG, Unit.BAHT_PER_100KG, Unit.BAHT_PER_TONNE)


def from_words(turn: Turn, product_id: str | None, op: str | None, amount: float | None) -> Bubbles:
    """ถ้าน้ำยางเกิน 65 บอกด้วย."""
    if product_id is None or product_id not in products():
        return _which(turn, tuple(name for name in ("rice", "rubber", "cassava", "oil_palm")))
    if products()[product_id].kinds or amount is None:
        return start(turn, product_id)
    return _check(turn, product_id, op or ">=", amount)


def start(turn: Turn, product_id: str) -> Bubbles:
    """Which kind, and at which price?"""
    leave(turn.dialog)
    product = products().get(product_id)
    if product is None:
        return _which(turn, ("rice", "rubber", "cassava", "oil_palm"))
    if product.kinds:
        quoted = {quote.product for quote in quotes(turn.session, product_id)}
        return _which(turn, tuple(kind for kind in product.kinds if kind in quoted) or product.kinds)
    enter(turn.dialog, NAME, "amount", product=product_id)
    return (turn.bubble(_question(turn, product), (turn.button("later", "leave"),)),)


def again(turn: Turn) -> Bubbles:
    """The question, or the rule that waits for her yes."""
    known = turn.dialog.known
    if "amount" in known:
        return _check(turn, known["product"], known["op"], known["amount"])
    return start(turn, known.get("product", ""))


def is_answer(turn: Turn, named: str | None) -> bool:
    """Whether words are a price for the product that was asked about; `named` is the product that they name."""
    known = turn.dialog.known.get("product", "")
    is_of_it = named in (None, known) or known in products()[str(named)].kinds
    return is_of_it and threshold_in(turn.incoming.text).amount is not None


def typed(turn: Turn) -> Bubbles:
    """The price was asked for: เกิน 65, 65."""
    product_id = turn.dialog.known.get("product", "")
    bound = threshold_in(turn.incoming.text) if turn.incoming.kind is IncomingKind.TEXT else None
    if bound is None or bound.amount is None or product_id not in products():
        turn.dialog.not_understood += 1
        return (turn.bubble(turn.say("threshold.not_a_price"), (turn.button("later", "leave"),)),)
    latest = _latest(turn, product_id)
    op = bound.op or _op_of(bound.amount, latest)
    return _check(turn, product_id, op, bound.amount)


def set_rule(turn: Turn, argument: str) -> Bubbles:
    """`argument` is product:bound:satang:unit:once|each, as the question offered it."""
    product_id, name, amount, unit, often = (*argument.split(":"), *[""] * 5)[:5]
    if not _is_rule(product_id, name, amount, unit, often):
        return start(turn, product_id)
    leave(turn.dialog)
    kept = _wait(turn, product_id, _OPS[name], int(amount), Unit(unit), once=_OFTEN[often])
    if not kept:
        return _too_many(turn)
    text = turn.say("threshold.set" if _OFTEN[often] else "threshold.set.each")
    latest = _latest(turn, product_id)
    if latest is not None and _is_passed(_OPS[name], level(int(amount), Unit(unit)), latest.latest.level):
        bound = _bound(turn, _OPS[name], int(amount))
        text = f"{text}\n{turn.say('threshold.passed_already', bound=bound)}"
    return (turn.bubble(text, (turn.button("price_mine", "price.mine"), turn.button("menu", "menu"))),)


def tell_next(turn: Turn, product_id: str) -> Bubbles:
    """The next price, whatever it is."""
    leave(turn.dialog)
    product = products().get(product_id)
    if product is None:
        return start(turn, product_id)
    if not _wait(turn, product_id, ANY_NEW, 0, product.unit, once=True):
        return _too_many(turn)
    text = turn.say("threshold.set.new", name=product.name(turn.language))
    return (turn.bubble(text, (turn.button("price_mine", "price.mine"), turn.button("menu", "menu"))),)


def mine(turn: Turn, _: str = "") -> Bubbles:
    """All she waits for or gets every morning, each with a way to end it."""
    leave(turn.dialog)
    ends = [
        *(
            (_rule_words(turn, rule), f"price.drop:{rule.id}")
            for rule in rules_of(turn.session, turn.person_id)
        ),
        *(
            (
                turn.say("threshold.rule.daily", name=products()[each].short_name(turn.language)),
                f"price.daily_end:{each}",
            )
            for each in price_mornings.products_of(turn)
        ),
    ]
    if not ends:
        buttons = (turn.button("prices", "prices"), turn.button("menu", "menu"))
        return (turn.bubble(turn.say("threshold.mine.none"), buttons),)
    lines, buttons_of = [turn.say("threshold.mine")], []
    for number, (line, action) in enumerate(ends[:_MOST_SHOWN], 1):
        lines.append(f"{number}. {line}" if turn.language == "en" else f"{number} {line}")
        buttons_of.append(Button(label=turn.say("buttons.end_number", number=number), action=action))
    return (turn.bubble("\n".join(lines), [*buttons_of, turn.button("menu", "menu")]),)


def drop(turn: Turn, rule_id: str) -> Bubbles:
    """End one rule."""
    if rule_id.isascii() and rule_id.isdigit() and len(rule_id) < 19:
        close(turn.session, turn.person_id, turn.at, int(rule_id))
    return (turn.bubble(turn.say("threshold.dropped")), *mine(turn))


def _check(turn: Turn, product_id: str, op: str, amount: float) -> Bubbles:
    """The rule in words, before it is set."""
    product, latest = products()[product_id], _latest(turn, product_id)
    satang = round(amount * 100)
    if not 0 < satang < _MOST_SATANG:
        return start(turn, product_id)
    unit = _meant_unit(product, latest, satang)
    # Another price may be typed instead of an answer.
    enter(turn.dialog, NAME, "amount", product=product_id, op=op, amount=amount)
    if latest is not None and _is_far(satang, unit, latest):
        shown = words.unit_words(latest.unit, turn.language)
        text = turn.say("threshold.too_far", latest=words.price_words(latest, latest.latest), unit=shown)
        return (turn.bubble(text, (turn.button("later", "leave"),)),)
    rule = f"price.set:{product_id}:{BOUNDS[op]}:{satang}:{unit.value}"
    buttons = (
        turn.button("threshold_yes", f"{rule}:once"),
        turn.button("threshold_each", f"{rule}:each"),
        turn.button("threshold_change", f"price.tell:{product_id}"),
    )
    fills = {
        "name": product.name(turn.language),
        "bound": _bound(turn, op, satang),
        "unit": words.unit_words(unit, turn.language),
    }
    if turn.is_sms:
        text = turn.say("threshold.sms.check", agency=turn.agency.name(turn.language), **fills)
    elif latest is None:
        text = turn.say("threshold.check.none", **fills)
    else:
        text = turn.say("threshold.check", latest=_in_unit(latest, unit), **fills)
    return (turn.bubble(text, buttons, lasting=True),)


def _meant_unit(product: Product, latest: Quote | None, satang: int) -> Unit:
    """The unit she means: the product's own, unless that is far from the latest price and another is near."""
    if latest is None:
        return _plausible_unit(product, satang)
    if not _is_far(satang, latest.unit, latest) or measure(latest.unit) != "weight":
        return latest.unit
    near = [unit for unit in _SMALLER_UNITS if not _is_far(satang, unit, latest)]
    return near[0] if near else latest.unit


def _plausible_unit(product: Product, satang: int) -> Unit:
    """Where no price is known: the first unit in which the product can cost that, else its own."""
    if product.plausible is None or measure(product.unit) != "weight":
        return product.unit
    lowest, highest = (level(bound, product.unit) for bound in product.plausible)
    units_of_it = (product.unit, *_SMALLER_UNITS)
    return next((unit for unit in units_of_it if lowest <= level(satang, unit) <= highest), product.unit)


def _is_far(satang: int, unit: Unit, latest: Quote) -> bool:
    wanted, now = level(satang, unit), latest.latest.level
    return not now / FAR_TIMES <= wanted <= now * FAR_TIMES


def _is_passed(op: str, bound: int, now: int) -> bool:
    return {">": now > bound, ">=": now >= bound, "<": now < bound, "<=": now <= bound}[op]


def _op_of(amount: float, latest: Quote | None) -> str:
    """A bare number is reached from where the price is now."""
    return "<=" if latest is not None and round(amount * 100) < latest.satang(latest.latest) else ">="


def _is_rule(product_id: str, name: str, amount: str, unit: str, often: str) -> bool:
    number = amount.isascii() and amount.isdigit() and 0 < len(amount) < 9
    return product_id in products() and name in _OPS and number and unit in set(Unit) and often in _OFTEN


def _wait(turn: Turn, product_id: str, op: str, amount: int, unit: Unit, *, once: bool) -> bool:
    turn.person.consented_at = turn.person.consented_at or turn.at
    turn.person.stopped_at = None
    return wait_for(
        turn.session,
        person_id=turn.person_id,
        contact_id=turn.contact_id,
        product=product_id,
        op=op,
        amount=amount,
        unit=unit,
        once=once,
        at=turn.at,
    )


def _latest(turn: Turn, product_id: str) -> Quote | None:
    return next(iter(quotes(turn.session, product_id)), None)


def _question(turn: Turn, product: Product) -> str:
    latest = _latest(turn, product.id)
    name = product.name(turn.language)
    if latest is None:
        return turn.say("threshold.ask.none", name=name)
    now = latest.satang(latest.latest)
    step = 10 ** (len(str(now)) - 2)
    return turn.say(
        "threshold.ask",
        name=name,
        latest=words.price_words(latest, latest.latest),
        unit=words.unit_words(latest.unit, turn.language),
        above=words.bound_money((now // step + 1) * step),
        below=words.bound_money((now // step - 1) * step),
    )


def _in_unit(latest: Quote, unit: Unit) -> str:
    factor = level(100, unit)
    return words.money(round(latest.latest.level * 100 / factor))


def _bound(turn: Turn, op: str, satang: int) -> str:
    return turn.say(f"threshold.op.{BOUNDS[op]}", amount=words.bound_money(satang))


def _rule_words(turn: Turn, rule: PriceThreshold) -> str:
    name = products()[rule.product].name(turn.language)
    if rule.op == ANY_NEW:
        return turn.say("threshold.rule.new", name=name)
    unit = words.unit_words(Unit(rule.unit), turn.language)
    return turn.say("threshold.rule", name=name, bound=_bound(turn, rule.op, rule.amount), unit=unit)


def _which(turn: Turn, choices: tuple[str, ...]) -> Bubbles:
    buttons = [
        Button(label=products()[each].label(turn.language), action=f"price.tell:{each}")
        for each in choices[:_MOST_KINDS]
    ]
    return (turn.bubble(turn.say("threshold.which"), [*buttons, turn.button("menu", "menu")]),)


def _too_many(turn: Turn) -> Bubbles:
    buttons = (turn.button("price_mine", "price.mine"), turn.button("menu", "menu"))
    return (turn.bubble(turn.say("threshold.too_many", most=MOST_RULES), buttons),)


ACTIONS: Mapping[str, Callable[[Turn, str], Bubbles]] = {
    "price.tell": start,
    "price.set": set_rule,
    "price.new": tell_next,
    "price.mine": mine,
    "price.drop": drop,
}
