"""Where a process may die: every step between what is decided, written, committed, called and answered."""

from collections.abc import Mapping

from tests.failures.child import Crash

_SENDING, _WORKER = "broadcasts.delivery.sending", "bot.worker"
_PLANNING = "broadcasts.delivery.planning_ahead"

PLANNING: Mapping[str, Crash] = {
    "a page is planned, not committed": Crash(function=f"{_PLANNING}:plan_page"),
    "a page is committed, the next not begun": Crash(function=f"{_PLANNING}:plan_next_page"),
}

CLAIMING: Mapping[str, Crash] = {
    "batches are claimed, not committed": Crash(function=f"{_SENDING}:claim_batches"),
    "a claim is committed, nobody called": Crash(function=f"{_SENDING}:Sender._claim"),
}

SINGLE_SENDS: Mapping[str, Crash] = {
    "who is about to leave is written, not committed": Crash(function="broadcasts.delivery.intents:write"),
    "who is about to leave is committed, nobody called": Crash(function=f"{_SENDING}:Sender._write_intents"),
}
"""Where every send counts: before each it is committed that it is about to happen."""

WRITING: Mapping[str, Crash] = {
    "a call is about to be written": Crash(
        function="broadcasts.delivery.pacing:Departing.left", before=True, nth=3
    ),
    "a call is written, not answered": Crash(
        function="broadcasts.delivery.pacing:Calls.written", before=True, nth=3
    ),
    "who waited behind those in doubt moves on alone, not committed": Crash(
        function="broadcasts.delivery.settling:_move_on_alone", always=True
    ),
    "those in doubt are put back, not committed": Crash(function="storage.batches:put_back"),
    "a call was answered, nothing written down": Crash(function=f"{_SENDING}:call", nth=3),
    "answers are not yet written together": Crash(function="storage.batches:settle_all", before=True),
}
"""Around a call, in a network's own words, and what becomes of a batch of which some are in doubt."""

DELIVERY: Mapping[str, Crash] = {
    "what a crash left is taken back, not committed": Crash(function=f"{_WORKER}:recover"),
    "what a crash left is taken back": Crash(function=f"{_WORKER}:WorkerProcess._make_ready", before=True),
    "the answer of one in doubt is written, not committed": Crash(
        function="broadcasts.delivery.settling:settle_batch"
    ),
    "the answer of one in doubt is committed": Crash(function=f"{_SENDING}:Sender._settle_batch"),
    "answers are written together, not committed": Crash(function="storage.batches:settle_all", always=True),
    "answers are committed together": Crash(function=f"{_SENDING}:Sender._settle_plain"),
    "a call is about to leave": Crash(function=f"{_SENDING}:call", before=True, nth=3),
    "a call was answered, nothing written": Crash(function=f"{_SENDING}:call", nth=3),
}

ENDING: Mapping[str, Crash] = {
    "the end is written, not committed": Crash(function="broadcasts.delivery.claiming:finish_if_complete"),
}
"""One release meets all of these in this order, when each process dies and the next one goes on."""

_FALLBACK = "broadcasts.delivery.fallback"

DIVIDING: Mapping[str, Crash] = {
    "group chats leave a request of many, not committed": Crash(
        function="broadcasts.delivery.settling:_move_on_alone", always=True, nth=2
    ),
    "those refused by name are set apart, not committed": Crash(
        function="broadcasts.delivery.settling:_set_apart"
    ),
    "a request was divided and committed": Crash(function=f"{_SENDING}:Sender._settle_batch", nth=3),
    "what was divided is accepted, not committed": Crash(function="storage.batches:settle_all", always=True),
}
"""Where LINE takes a request for some of its recipients only."""

TEXTS_INSTEAD: Mapping[str, Crash] = {
    "somebody is decided to get a text, not committed": Crash(
        function="storage.texts_instead:keep", always=True
    ),
    "some texts are released, not committed": Crash(function=f"{_FALLBACK}:release_texts"),
    "some texts are released, the next not decided": Crash(
        function=f"{_FALLBACK}:release_texts", before=True, nth=2
    ),
    "all texts are released, nobody called": Crash(function=f"{_WORKER}:fall_back"),
    **SINGLE_SENDS,
    "a text was answered, nothing written": Crash(
        function="bot.channels.sms_kannel:KannelChannel.send", nth=3
    ),
}
"""Of those whom LINE does not reach."""

TAKEN_OUT: Mapping[str, Crash] = {
    "somebody waits on LINE no longer, not committed": Crash(function=f"{_FALLBACK}:_take_out", nth=3),
    "some of them are to get a text, not committed": Crash(function=f"{_FALLBACK}:release_texts"),
    "all of them are to get a text, nobody called": Crash(function=f"{_WORKER}:fall_back"),
}
"""Where they waited on LINE until then."""

CONVERSATION: Mapping[str, Crash] = {
    "a webhook is written, not committed": Crash(function="storage.inbox:jobs_of"),
    "a webhook is committed, not answered": Crash(function="bot.ingest:Ingest._write"),
    "an event is understood, not handled": Crash(function="bot.receiving:Receiver._read_ahead"),
    "an event is handled, not committed": Crash(function="storage.inbox:mark_handled", before=True),
    "an event is handled and committed": Crash(function="bot.receiving:Receiver._handle_next"),
    "a message is claimed, not committed": Crash(function="storage.outbox:claim_next"),
    "a message's claim is committed": Crash(function=f"{_SENDING}:Sender._claim_message"),
    "a message is about to leave": Crash(function=f"{_SENDING}:call", before=True),
    "a message was answered, nothing written": Crash(function=f"{_SENDING}:call"),
    "a message's answer is written, not committed": Crash(
        function="broadcasts.delivery.settling:settle_message"
    ),
    "a message's answer is committed": Crash(function=f"{_SENDING}:Sender._settle_message"),
}
