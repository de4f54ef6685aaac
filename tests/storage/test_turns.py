"""One at a time, the urgent ones first."""

import threading

import pytest

from storage.turns import Turns


def test_who_is_urgent_goes_first_and_others_in_their_order() -> None:
    turns, order = Turns(), list[str]()

    def work(name: str, urgent: bool) -> None:
        with turns.turn(urgent=urgent):
            order.append(name)

    with turns.turn():
        threads = []
        for count, name in enumerate(("page", "settle", "emergency", "claim"), 1):
            threads.append(threading.Thread(target=work, args=(name, name in ("emergency", "claim"))))
            threads[-1].start()
            while len(turns._waiting) < count:
                threads[-1].join(0.001)
        assert order == []
    for each in threads:
        each.join(30)
    assert order == ["emergency", "claim", "page", "settle"]


def test_a_turn_ends_with_its_block_whatever_happens_in_it() -> None:
    turns = Turns()
    with pytest.raises(ValueError, match="inside"), turns.turn():
        raise ValueError("inside")
    with turns.turn():
        pass


def test_whose_wait_is_interrupted_gets_no_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = Turns()

    class Interrupted(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            raise KeyboardInterrupt

    with turns.turn():
        monkeypatch.setattr(threading, "Event", Interrupted)
        with pytest.raises(KeyboardInterrupt), turns.turn(urgent=True):
            pytest.fail("it had no turn")
        monkeypatch.undo()
    with turns.turn():
        pass
