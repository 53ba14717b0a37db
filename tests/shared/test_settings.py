"""Settings come from the environment, in nested pieces, and wrong ones are refused by name."""

import pytest
from pydantic import ValidationError

from shared.settings import ServiceSettings

NEEDED = {
    "PARLEY_DATABASE__URL": "postgresql://parley:hush@db/parley",
    "PARLEY_KAFKA__BOOTSTRAP": "broker:9092",
    "PARLEY_AUTH__ISSUER": "https://login.example",
    "PARLEY_AUTH__JWKS_URL": "https://login.example/keys",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_nested_settings_are_read_from_the_environment(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PARLEY_KAFKA__VOLATILE", "true")
    environment.setenv("PARLEY_DATABASE__POOL_SIZE", "9")
    settings = ServiceSettings()
    assert settings.kafka.volatile
    assert settings.database.pool_size == 9
    assert settings.auth.audience == "parley"


def test_a_production_broker_is_taken_for_durable_unless_told_otherwise(environment: pytest.MonkeyPatch) -> None:
    kafka = ServiceSettings().kafka
    assert not kafka.volatile
    assert kafka.idempotent_producer
    assert not kafka.create_topics


def test_the_password_is_not_printed(environment: pytest.MonkeyPatch) -> None:
    settings = ServiceSettings()
    assert "hush" not in repr(settings)
    assert "hush" not in str(settings.model_dump())
    assert settings.database.url.get_secret_value().endswith("hush@db/parley")


@pytest.mark.parametrize("missing", NEEDED)
def test_a_missing_setting_is_refused_by_name(environment: pytest.MonkeyPatch, missing: str) -> None:
    environment.delenv(missing)
    with pytest.raises(ValidationError) as refused:
        ServiceSettings()
    named = {"PARLEY_" + "__".join(map(str, error["loc"])).upper() for error in refused.value.errors()}
    assert any(missing.startswith(name) for name in named)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PARLEY_DATABASE__POOL_SIZE", "0"),
        ("PARLEY_HTTP__PORT", "70000"),
        ("PARLEY_KAFKA__SESSION_TIMEOUT_MS", "10"),
        ("PARLEY_DRAIN_SECONDS", "-1"),
    ],
)
def test_a_senseless_number_is_refused(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    environment.setenv(name, value)
    with pytest.raises(ValidationError):
        ServiceSettings()


def test_handled_events_are_remembered_longer_than_sent_ones_are_kept(environment: pytest.MonkeyPatch) -> None:
    retention = ServiceSettings().retention
    assert retention.inbox_hours > retention.outbox_hours


def test_an_inbox_that_forgets_before_the_outbox_is_refused(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PARLEY_RETENTION__INBOX_HOURS", "1")
    with pytest.raises(ValidationError, match="longer"):
        ServiceSettings()


def test_settings_cannot_be_changed(environment: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError):
        ServiceSettings().drain_seconds = 1  # type: ignore[misc]
