"""Every refusal that an officer can meet is told of in the API's description, by its problem type."""

import json

from services.policy.adapters.api.refusals import _PROBLEMS
from services.policy.main import create_app
from services.policy.settings import Settings
from tests.policy.builders import NOW, SAMPLES, deployment


def described() -> str:
    """What the routes that change something say of themselves."""
    settings = Settings.model_validate(
        {
            "database": {"url": "postgresql://nobody@127.0.0.1:1/none"},
            "kafka": {"bootstrap": "127.0.0.1:1"},
            "auth": {"issuer": "https://issuer.test", "jwks_url": "https://issuer.test/jwks"},
            "policies": {"path": SAMPLES},
        }
    )
    paths = create_app(settings, lambda: NOW, deployment()).openapi()["paths"]
    return json.dumps(
        [route for methods in paths.values() for method, route in methods.items() if method in ("post", "put")]
    )


def test_every_problem_type_of_a_refusal_stands_in_the_description_of_a_route_that_gives_it() -> None:
    told = described()
    assert [name for _, _, name, _ in _PROBLEMS if f"`{name}`" not in told] == []
