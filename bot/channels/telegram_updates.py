"""The parts of Telegram's updates that Krajai reads (https://core.telegram.org/bots/api#update).

Only these, so that a part of an update which is new or odd does not keep a citizen's words from being read.
"""

import re
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""NUL, which PostgreSQL keeps in no text, and halves of surrogate pairs, which are no characters."""


def clean(value: Any) -> Any:
    """The text without what no database keeps; other values as they are."""
    return _UNSTORABLE.sub("", value) if isinstance(value, str) else value


def _or_none(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    try:
        return read(value)
    except ValidationError:
        return None


_Text = Annotated[str, BeforeValidator(clean)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Chat(_Part):
    id: int
    type: str = "private"


class User(_Part):
    id: int
    is_bot: bool = False
    username: _Text = ""
    language_code: _Text = ""


class Entity(_Part):
    type: str
    offset: int = Field(ge=0)
    length: int = Field(ge=0)
    user: User | None = None


class File(_Part):
    file_id: _Text
    mime_type: _Text = ""


class Location(_Part):
    """None where what came is no position on earth: the rest of the message is read all the same."""

    latitude: Annotated[float | None, WrapValidator(_or_none)] = Field(
        default=None, ge=-90, le=90, allow_inf_nan=False
    )
    longitude: Annotated[float | None, WrapValidator(_or_none)] = Field(
        default=None, ge=-180, le=180, allow_inf_nan=False
    )


class PhoneNumber(_Part):
    phone_number: _Text


class Button(_Part):
    text: _Text
    callback_data: _Text = ""


class Keyboard(_Part):
    inline_keyboard: list[list[Button]] = []


class Answered(_Part):
    sender: User | None = Field(default=None, alias="from")


class Message(_Part):
    chat: Chat
    date: int = 0
    sender: User | None = Field(default=None, alias="from")
    text: _Text = ""
    caption: _Text = ""
    entities: list[Entity] = []
    location: Location | None = None
    contact: PhoneNumber | None = None
    photo: list[File] = []
    voice: File | None = None
    audio: File | None = None
    video_note: File | None = None
    video: File | None = None
    animation: File | None = None
    document: File | None = None
    sticker: File | None = None
    poll: Any = None
    dice: Any = None
    game: Any = None
    story: Any = None
    reply_to_message: Answered | None = None
    reply_markup: Keyboard | None = None
    migrate_to_chat_id: int | None = None


class Tap(_Part):
    sender: User = Field(alias="from")
    message: Message | None = None
    data: _Text = ""


class Member(_Part):
    status: str
    is_member: bool = False

    @property
    def is_in(self) -> bool:
        return self.status in ("creator", "administrator", "member") or self.is_member


class MemberChange(_Part):
    chat: Chat
    date: int = 0
    sender: User | None = Field(default=None, alias="from")
    old_chat_member: Member
    new_chat_member: Member


class Update(_Part):
    message: Message | None = None
    edited_message: Message | None = None
    channel_post: Message | None = None
    edited_channel_post: Message | None = None
    callback_query: Tap | None = None
    my_chat_member: MemberChange | None = None
