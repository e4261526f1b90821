"""The environment becomes settings once; what is wrong is named by its variable, and no secret is ever told."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.errors import Rejected
from bot.settings import Mode, Settings, settings_table


def read(**variables: str) -> Settings:
    return Settings.from_environment({f"FORESAIL_{name}": value for name, value in variables.items()})


def refusal(**variables: str) -> str:
    with pytest.raises(Rejected) as caught:
        read(**variables)
    return str(caught.value)


def test_nothing_has_to_be_set() -> None:
    assert Settings.from_environment({}).redis_url == "redis://127.0.0.1:6379/0"


def test_each_variable_is_a_field_of_its_type() -> None:
    settings = read(CONCURRENCY="4", MODE="preview", GITHUB_APP_ID="17", DATA_DIRECTORY="/srv")
    assert (settings.concurrency, settings.mode, settings.github_app_id) == (4, Mode.PREVIEW, 17)
    assert settings.data_directory == Path("/srv")


def test_variables_of_other_programs_are_not_ours() -> None:
    assert Settings.from_environment({"PATH": "/bin", "SAIL_MODE": "x"}) == Settings()


def test_an_empty_variable_counts_as_not_set() -> None:
    assert read(GITHUB_APP_ID="", CONCURRENCY="") == Settings()


def test_a_misspelt_variable_is_named() -> None:
    words = "there is no FORESAIL_REDIS_ULR, did you mean FORESAIL_REDIS_URL?"
    assert words in refusal(REDIS_ULR="redis://x")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONCURRENCY", "many"),
        ("CONCURRENCY", "0"),
        ("MODE", "both"),
        ("INSTANCE", "Not A Name"),
        ("COMMENT_BUDGET", "100"),
        ("MASS_DELETION_PERCENT", "101"),
        ("RENDER_TIMEOUT", "-1"),
    ],
)
def test_a_wrong_value_names_its_variable(name: str, value: str) -> None:
    assert f"FORESAIL_{name}: " in refusal(**{name: value})


def test_every_wrong_variable_is_named_at_once() -> None:
    told = refusal(CONCURRENCY="many", MODE="both")
    assert "FORESAIL_CONCURRENCY" in told
    assert "FORESAIL_MODE" in told


def test_a_refusal_quotes_no_value() -> None:
    assert "hunter2" not in refusal(GITHUB_APP_ID="hunter2")


def test_secrets_are_not_shown_when_settings_are() -> None:
    settings = read(GITHUB_TOKEN="hunter2", GITHUB_WEBHOOK_SECRET="hunter2", GITHUB_APP_PRIVATE_KEY="hunter2")
    assert "hunter2" not in f"{settings} {settings!r} {settings.model_dump_json()}"


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Settings().concurrency = 3  # type: ignore[misc] # that is what is tried


def test_a_list_is_written_with_commas() -> None:
    assert read(ROOT_REPOSITORIES="acme/shop, acme/web,").root_repositories == ("acme/shop", "acme/web")


def test_each_line_of_the_webhook_secret_is_a_secret_while_one_replaces_the_other() -> None:
    assert read(GITHUB_WEBHOOK_SECRET="new\n old \n\n").webhook_secrets == ("new", "old")
    assert read().webhook_secrets == ()
    assert read(GITLAB_WEBHOOK_SECRET="new\nwhsec_b2xk\n").gitlab_webhook_secrets == ("new", "whsec_b2xk")


@pytest.mark.parametrize(
    ("given", "site"),
    [
        ({}, "https://github.com/"),
        ({"GITHUB_URL": "https://github.example.com/api/v3"}, "https://github.example.com/"),
        ({"GITLAB_TOKEN": "glpat-x"}, "https://gitlab.com/"),
        ({"GITLAB_TOKEN": "glpat-x", "GITLAB_URL": "https://example.com/gitlab/"}, "https://example.com/gitlab/"),
        ({"GITLAB_URL": "https://example.com/gitlab/"}, "https://github.com/"),
    ],
)
def test_the_forge_has_a_site_that_its_repositories_lie_on(given: dict[str, str], site: str) -> None:
    assert read(**given).forge_site == site


def test_the_private_key_comes_from_the_text_or_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text("of the file")
    assert read(GITHUB_APP_PRIVATE_KEY_FILE=str(file)).private_key == "of the file"
    assert read(GITHUB_APP_PRIVATE_KEY_FILE=str(file), GITHUB_APP_PRIVATE_KEY="text").private_key == "text"
    assert read().private_key == ""


def test_a_key_file_that_cannot_be_read_is_named_by_its_variable(tmp_path: Path) -> None:
    settings = read(GITHUB_APP_PRIVATE_KEY_FILE=str(tmp_path / "missing"))
    with pytest.raises(Rejected, match="FORESAIL_GITHUB_APP_PRIVATE_KEY_FILE cannot be read"):
        _ = settings.private_key


def test_the_table_has_a_row_with_a_meaning_for_every_setting() -> None:
    rows = settings_table().splitlines()[2:]
    assert len(rows) == len(Settings.model_fields)
    assert all(row.count(" | ") == 2 and not row.endswith("None |") for row in rows)


def test_a_template_of_comments_is_read_or_named(tmp_path: Path) -> None:
    path = tmp_path / "comment.md"
    environment = {"FORESAIL_COMMENT_TEMPLATE": str(path)}
    with pytest.raises(Rejected, match="FORESAIL_COMMENT_TEMPLATE cannot be read"):
        _ = Settings.from_environment(environment).own_comments
    path.write_text("{{ table }}", encoding="utf-8")
    assert Settings.from_environment(environment).own_comments == "{{ table }}"
    assert Settings.from_environment({}).own_comments is None


def test_namespaces_of_applications_are_names_globs_and_expressions() -> None:
    given = {"FORESAIL_APPLICATION_NAMESPACES": "team-a, team-*,/^dev-/"}
    assert Settings.from_environment(given).application_namespaces == ("team-a", "team-*", "/^dev-/")
    with pytest.raises(Rejected, match=r"FORESAIL_APPLICATION_NAMESPACES: .*/\(/ is no regular expression"):
        Settings.from_environment({"FORESAIL_APPLICATION_NAMESPACES": "/(/"})
