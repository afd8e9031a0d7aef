"""The model's endpoints as the settings name them, for whoever asks them something."""

import asyncio
from collections.abc import Mapping

from pydantic import SecretStr

from core.errors import ModelFailed, SettingsError
from core.model import Model, Timeouts
from core.settings import OPENAI_DEFAULT_MODEL, OPENAI_URL, Settings
from core.wire import Parameters

LISTING = 5.0
"""Seconds for an endpoint to list its models while everything else waits."""


def models(settings: Settings) -> dict[str, Model]:
    """The endpoints by their addresses: that of the chosen model, and those that can stand in."""
    key = settings.openai_api_key.get_secret_value()
    models = {
        settings.openai_base_url: _model(
            settings, settings.openai_base_url, key, settings.openai_extra_headers
        )
    }
    for one in settings.openai_fallback_models:
        if one.base_url and one.base_url not in models:
            secret = settings.openai_fallback_keys.get(one.base_url, SecretStr(""))
            models[one.base_url] = _model(settings, one.base_url, secret.get_secret_value(), {})
    return models


def _model(settings: Settings, base_url: str, key: str, headers: Mapping[str, str]) -> Model:
    return Model(
        api_key=key,
        base_url=base_url,
        extra_headers=headers,
        timeouts=Timeouts(
            connect=settings.connect_timeout,
            first_token=settings.first_token_timeout,
            idle=settings.idle_timeout,
        ),
    )


def chosen(settings: Settings) -> str:
    """The model that is set; empty where a server of one's own has none set."""
    usual = OPENAI_DEFAULT_MODEL if settings.openai_base_url == OPENAI_URL else ""
    return settings.openai_model or usual


async def model_name(settings: Settings, model: Model) -> str:
    """The model to use; a server of one's own has no default, so we say what it offers."""
    if name := chosen(settings):
        return name
    missing = f"OPENAI_MODEL is missing; {settings.endpoint} has no default."
    try:
        async with asyncio.timeout(LISTING):
            names = await model.names()
    except (ModelFailed, TimeoutError) as error:
        why = error.word if isinstance(error, ModelFailed) else f"no answer within {LISTING} s"
        raise SettingsError(f"{missing} It does not list its models ({why}).") from error
    if not names:
        raise SettingsError(f"{missing} It lists no models: see whether OPENAI_BASE_URL is right.")
    raise SettingsError(f"{missing} It offers: {', '.join(names)}.")


def parameters(settings: Settings, name: str) -> Parameters:
    """How the model is asked where no channel has set anything else."""
    return Parameters(
        model=name,
        answer_tokens=settings.answer_tokens,
        temperature=settings.temperature,
        top_p=settings.top_p,
        stop=settings.stop,
        frequency_penalty=settings.frequency_penalty,
        presence_penalty=settings.presence_penalty,
        reasoning_effort=settings.reasoning_effort,
        extra_body=settings.openai_extra_body,
    )
