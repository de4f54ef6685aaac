"""What `krajai doctor` asks an SMS gateway or network; nothing is sent to a phone."""

import re

import aiohttp
from lxml import etree

from bot.channels.accounts import ConnectedAccount
from bot.channels.sms_kannel import KannelChannel
from bot.channels.sms_smpp import SmppChannel
from broadcasts.delivery.channel import ChannelError

Row = tuple[str, bool, str, str]
"""(subject, in order, what was seen, how to mend it)"""

ASK_SECONDS = 5.0
MOST_STATUS_BYTES = 1024 * 1024


async def check(account: ConnectedAccount, *, public_url: str = "", status_url: str = "") -> list[Row]:
    """Rows for `krajai doctor`: does the gateway take our credentials, are its bearers up, do receipts find us.

    `status_url` is the address of Kannel's status page with its password.
    """
    subject = f"SMS {account.name}"
    channel = account.channel
    if isinstance(channel, SmppChannel):
        return [await _smpp_row(channel, subject), _number_row(account, subject)]
    if not isinstance(channel, KannelChannel):
        raise TypeError(f"{account!r} is no SMS account")
    rows = [await _sendsms_row(channel, subject), await _bearer_row(status_url, subject)]
    receipts = (
        f"receipts come to {public_url.rstrip('/')}/webhooks/sms/receipts" if public_url else "none come"
    )
    mend = "set KRAJAI_PUBLIC_URL to an address at which Kannel reaches this server"
    return [*rows, (f"{subject} receipts", bool(public_url), receipts, mend), _number_row(account, subject)]


async def _smpp_row(channel: SmppChannel, subject: str) -> Row:
    mend = (
        "compare KRAJAI_SMS_URL, _USERNAME and _PASSWORD with the operator's sheet, and ask whether it knows this "
        "machine's address; an operator that allows one session refuses this one while the server runs"
    )
    try:
        await channel.check()
    except ChannelError as fault:
        return subject, False, str(fault), mend
    return subject, True, "the network binds us", ""


async def _sendsms_row(channel: KannelChannel, subject: str) -> Row:
    try:
        await channel.check()
    except ChannelError as fault:
        mend = "compare KRAJAI_SMS_URL, _USERNAME and _PASSWORD with the group sendsms-user in kannel.conf"
        return subject, False, str(fault), mend
    return subject, True, "the gateway takes our user name and password", ""


async def _bearer_row(status_url: str, subject: str) -> Row:
    subject = f"{subject} bearers"
    if not status_url:
        return subject, True, "not looked at: KRAJAI_SMS_STATUS_URL is not set", ""
    mend = "look at KRAJAI_SMS_STATUS_URL and at admin-port and status-password in kannel.conf"
    try:
        timeout = aiohttp.ClientTimeout(total=ASK_SECONDS)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(_as_xml(status_url)) as answer,
        ):
            links = read_links(await answer.content.read(MOST_STATUS_BYTES))
    # Their texts hold the address, with the password.
    except (aiohttp.ClientError, OSError, ValueError) as fault:
        return subject, False, f"the status page cannot be read ({type(fault).__name__})", mend
    down = [name for name, is_online in links if not is_online]
    if not links:
        return subject, False, "Kannel has no link to any network", "add a group smsc to kannel.conf"
    if down:
        mend = "Kannel tries again by itself; its log says why: address, password, or the operator's side is down"
        return subject, False, f"{', '.join(down)}: not online", mend
    return subject, True, f"{', '.join(name for name, _ in links)}: online", ""


def read_links(status: bytes) -> list[tuple[str, bool]]:
    """(name, whether it is online) of every link to a network in Kannel's status.xml. Raises ValueError."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(status, parser)
    except etree.XMLSyntaxError as fault:
        raise ValueError("Kannel's status page is no XML") from fault
    if root.find("smscs") is None:
        raise ValueError("Kannel's status page lists no links")
    return [
        (
            (link.findtext("id") or link.findtext("name") or "?").strip(),
            (link.findtext("status") or "").strip().startswith("online"),
        )
        for link in root.iterfind("smscs/smsc")
    ]


def _as_xml(status_url: str) -> str:
    """Kannel has one page in several forms.

    >>> _as_xml("http://127.0.0.1:13000/status.txt?password=x")
    'http://127.0.0.1:13000/status.xml?password=x'
    """
    return re.sub(r"/status(?:\.\w+)?(?=\?|$)", "/status.xml", status_url)


def _number_row(account: ConnectedAccount, subject: str) -> Row:
    number = account.credentials.get("reply_number", "")
    seen = f"citizens answer to {number}" if number else "citizens cannot answer: texts leave that out"
    return f"{subject} answers", True, seen, ""
