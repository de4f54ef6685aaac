"""Every page of the console, by subject."""

from fastapi import APIRouter

from bot.web.console import (
    account,
    agencies,
    alerts,
    audit,
    board,
    board_work,
    compose,
    draft,
    duty,
    home,
    joining,
    officers,
    oidc,
    own_templates,
    shelters,
    sign_in,
    watch,
)

ROUTERS: tuple[APIRouter, ...] = (
    home.router,
    sign_in.router,
    oidc.router,
    joining.router,
    account.router,
    officers.router,
    agencies.router,
    alerts.router,
    compose.router,
    draft.router,
    watch.router,
    shelters.router,
    own_templates.router,
    board.router,
    board_work.router,
    duty.router,
    audit.router,
)
