"""The manifests, held to the rules that a cluster's admission would apply.

All of it runs offline: the objects are rendered here, checked against the schemas that
kubernetes-validate carries, and then against what the services rely on (probes, drain, roles, walls).
"""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from tests.deploy.deployment import (
    DEPLOY,
    DRAIN_SECONDS,
    FOLDERS,
    NEEDED,
    OLDEST_AND_NEWEST_KUBERNETES,
    PORT,
    SERVICES,
    SETTINGS,
)
from tests.support.kustomize import Object, Unsupported, containers, render

INSIDE: Final = {
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "fc00::/7",
    "fe80::/10",
}


@pytest.fixture(params=FOLDERS)
def objects(request: pytest.FixtureRequest) -> list[Object]:
    return render(DEPLOY / request.param)


def _of(objects: list[Object], kind: str) -> dict[str, Object]:
    return {each["metadata"]["name"]: each for each in objects if each["kind"] == kind}


def _pod(each: Object) -> Any:
    return each["spec"]["template"]["spec"]


def _only_container(each: Object) -> Any:
    (container,) = containers(each)
    return container


def _with_pods(objects: list[Object]) -> list[Object]:
    return [*_of(objects, "Deployment").values(), *_of(objects, "Job").values()]


def _environment(container: Object, objects: list[Object]) -> dict[str, Any]:
    """Every variable a container gets: a value, or where it comes from."""
    given: dict[str, Any] = {}
    for source in container.get("envFrom", []):
        assert set(source) == {"configMapRef"}, "secrets are named one by one"
        given |= _of(objects, "ConfigMap")[source["configMapRef"]["name"]]["data"]
    for each in container.get("env", []):
        given[each["name"]] = each.get("value", each.get("valueFrom"))
    return given


def _secret_of(value: Any) -> Any:
    return value["secretKeyRef"]["name"] if isinstance(value, dict) else None


def _matches(selector: Object, labels: Mapping[str, str]) -> bool:
    assert set(selector) <= {"matchLabels"}
    wanted: Mapping[str, str] = selector.get("matchLabels", {})
    return wanted.items() <= labels.items()


def _labels(each: Object) -> Any:
    return each["spec"]["template"]["metadata"]["labels"]


class TestEveryObject:
    @pytest.mark.parametrize("version", OLDEST_AND_NEWEST_KUBERNETES)
    def test_follows_the_schema_of_the_oldest_and_the_newest_cluster(self, objects: list[Object], version: str) -> None:
        for each in objects:
            # An unknown kind raises as well, where the command would only warn.
            kubernetes_validate.validate(each, version, strict=True)

    def test_lies_in_the_namespace_and_belongs_to_parley(self, objects: list[Object]) -> None:
        for each in objects:
            assert each["metadata"]["labels"]["app.kubernetes.io/part-of"] == "parley"
            assert each["kind"] == "Namespace" or each["metadata"]["namespace"] == "parley"

    def test_carries_no_secret(self, objects: list[Object]) -> None:
        assert not _of(objects, "Secret")
        for settings in _of(objects, "ConfigMap").values():
            for name, value in settings["data"].items():
                assert not re.search("PASSWORD|KEY$|DATABASE", name)
                assert "@" not in value

    def test_namespace_admits_restricted_pods_only(self, objects: list[Object]) -> None:
        (namespace,) = _of(objects, "Namespace").values()
        for mode in ("enforce", "audit", "warn"):
            assert namespace["metadata"]["labels"][f"pod-security.kubernetes.io/{mode}"] == "restricted"


class TestEveryPod:
    def test_runs_one_image_with_an_exact_tag(self, objects: list[Object]) -> None:
        images = {one["image"] for each in objects for one in containers(each)}
        (image,) = images
        assert re.fullmatch(r"([a-z.]+/)?parley:\d+\.\d+\.\d+", image)

    def test_is_restricted(self, objects: list[Object]) -> None:
        for each in _with_pods(objects):
            pod = _pod(each)
            assert pod["securityContext"]["runAsNonRoot"] is True
            assert pod["securityContext"]["runAsUser"] == 10001
            assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
            assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
            for container in containers(each):
                assert container["securityContext"] == {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                }

    def test_may_write_to_tmp_and_nowhere_else(self, objects: list[Object]) -> None:
        for each in _with_pods(objects):
            volumes = {volume["name"]: volume for volume in _pod(each)["volumes"]}
            mounts = {mount["mountPath"]: mount for mount in _only_container(each)["volumeMounts"]}
            assert "sizeLimit" in volumes[mounts.pop("/tmp")["name"]]["emptyDir"]
            assert all(mount["readOnly"] for mount in mounts.values())
            assert all("configMap" in volumes[mount["name"]] for mount in mounts.values())

    def test_has_an_account_of_its_own_and_no_token(self, objects: list[Object]) -> None:
        accounts = _of(objects, "ServiceAccount")
        for each in _with_pods(objects):
            assert _pod(each)["automountServiceAccountToken"] is False
            account = accounts[_pod(each)["serviceAccountName"]]
            assert account["automountServiceAccountToken"] is False
            assert account["metadata"]["name"] == each["metadata"]["labels"]["app.kubernetes.io/name"]

    def test_says_what_it_takes(self, objects: list[Object]) -> None:
        for each in _with_pods(objects):
            resources = _only_container(each)["resources"]
            assert set(resources["requests"]) == set(resources["limits"]) == {"cpu", "memory"}

    def test_gets_only_settings_that_exist(self, objects: list[Object]) -> None:
        for each in _with_pods(objects):
            assert set(_environment(_only_container(each), objects)) <= SETTINGS

    def test_finds_every_config_map_it_names(self, objects: list[Object]) -> None:
        known = _of(objects, "ConfigMap")
        for each in _with_pods(objects):
            volumes = [one["configMap"]["name"] for one in _pod(each)["volumes"] if "configMap" in one]
            assert set(volumes) <= set(known)
            for value in _environment(_only_container(each), objects).values():
                if isinstance(value, dict) and "configMapKeyRef" in value:
                    reference = value["configMapKeyRef"]
                    assert reference["key"] in known[reference["name"]]["data"]


class TestEveryService:
    def test_is_deployed_once(self, objects: list[Object]) -> None:
        assert set(_of(objects, "Deployment")) == set(SERVICES)

    def test_serves_under_its_own_name(self, objects: list[Object]) -> None:
        for name, each in _of(objects, "Deployment").items():
            assert _only_container(each)["args"] == ["serve", name]
            assert "command" not in _only_container(each)

    def test_has_the_settings_it_needs_and_no_others(self, objects: list[Object]) -> None:
        for name, each in _of(objects, "Deployment").items():
            assert set(_environment(_only_container(each), objects)) == NEEDED[name]

    def test_reads_its_own_database_secret(self, objects: list[Object]) -> None:
        for name, each in _of(objects, "Deployment").items():
            given = _environment(_only_container(each), objects)
            assert _secret_of(given["PARLEY_DATABASE__URL"]) == f"parley-{name}"

    def test_listens_where_its_port_is_declared(self, objects: list[Object]) -> None:
        for each in _of(objects, "Deployment").values():
            container = _only_container(each)
            assert container["ports"] == [{"name": "http", "containerPort": PORT}]
            assert _environment(container, objects)["PARLEY_HTTP__PORT"] == str(PORT)

    def test_is_probed(self, objects: list[Object]) -> None:
        for each in _of(objects, "Deployment").values():
            container = _only_container(each)
            for probe, path in (("startup", "/live"), ("liveness", "/live"), ("readiness", "/ready")):
                assert container[f"{probe}Probe"]["httpGet"] == {"path": path, "port": "http"}

    def test_has_a_minute_to_start(self, objects: list[Object]) -> None:
        for each in _of(objects, "Deployment").values():
            probe = _only_container(each)["startupProbe"]
            assert probe["periodSeconds"] * probe["failureThreshold"] >= 60

    def test_is_replaced_without_a_gap(self, objects: list[Object]) -> None:
        for each in _of(objects, "Deployment").values():
            assert each["spec"]["replicas"] >= 2
            assert each["spec"]["strategy"] == {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
            }

    def test_may_drain_before_it_is_killed(self, objects: list[Object]) -> None:
        for each in _of(objects, "Deployment").values():
            command = _only_container(each)["lifecycle"]["preStop"]["exec"]["command"]
            assert command == ["sleep", "5"]
            assert _pod(each)["terminationGracePeriodSeconds"] > DRAIN_SECONDS + int(command[1])

    def test_is_spread_over_machines_and_zones(self, objects: list[Object]) -> None:
        for each in _of(objects, "Deployment").values():
            spread = _pod(each)["topologySpreadConstraints"]
            assert {one["topologyKey"] for one in spread} == {
                "kubernetes.io/hostname",
                "topology.kubernetes.io/zone",
            }
            assert all(_matches(one["labelSelector"], _labels(each)) for one in spread)

    def test_keeps_a_pod_while_a_machine_is_emptied(self, objects: list[Object]) -> None:
        budgets = _of(objects, "PodDisruptionBudget")
        for name, each in _of(objects, "Deployment").items():
            budget = budgets[name]["spec"]
            assert 1 <= budget["minAvailable"] < each["spec"]["replicas"]
            assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
            assert budget["selector"] == each["spec"]["selector"]

    def test_is_found_under_its_name(self, objects: list[Object]) -> None:
        services = _of(objects, "Service")
        assert set(services) == set(SERVICES)
        for name, each in _of(objects, "Deployment").items():
            assert services[name]["spec"]["selector"] == each["spec"]["selector"]["matchLabels"]
            assert [port["targetPort"] for port in services[name]["spec"]["ports"]] == ["http"]

    def test_selects_its_own_pods_and_no_migration(self, objects: list[Object]) -> None:
        for name, each in _of(objects, "Deployment").items():
            selected = [
                other["metadata"]["name"]
                for other in _with_pods(objects)
                if _matches(each["spec"]["selector"], _labels(other))
            ]
            assert selected == [name]


class TestEveryMigration:
    def test_belongs_to_a_deployment_and_runs_its_image(self, objects: list[Object]) -> None:
        jobs = _of(objects, "Job")
        assert set(jobs) == {f"{name}-migration" for name in SERVICES}
        for name, each in _of(objects, "Deployment").items():
            migration = _only_container(jobs[f"{name}-migration"])
            assert migration["args"] == ["migrate", name]
            assert migration["image"] == _only_container(each)["image"]

    def test_alone_has_the_role_that_owns_the_schema(self, objects: list[Object]) -> None:
        for name in SERVICES:
            given = _environment(_only_container(_of(objects, "Job")[f"{name}-migration"]), objects)
            assert set(given) == {"PARLEY_DATABASE__MIGRATION_URL", "PARLEY_LOG__LEVEL"}
            assert _secret_of(given["PARLEY_DATABASE__MIGRATION_URL"]) == f"parley-{name}-migration"

    def test_ends_by_itself_and_is_tidied_away(self, objects: list[Object]) -> None:
        for each in _of(objects, "Job").values():
            assert _pod(each)["restartPolicy"] == "Never"
            assert each["spec"]["backoffLimit"] > 0
            assert each["spec"]["activeDeadlineSeconds"] > 0
            assert each["spec"]["ttlSecondsAfterFinished"] > 0


class TestNetwork:
    def test_nothing_passes_that_is_not_written_down(self, objects: list[Object]) -> None:
        deny = _of(objects, "NetworkPolicy")["default-deny"]["spec"]
        assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}

    def test_every_rule_selects_pods_that_exist(self, objects: list[Object]) -> None:
        for policy in _of(objects, "NetworkPolicy").values():
            assert any(_matches(policy["spec"]["podSelector"], _labels(each)) for each in _with_pods(objects))

    def test_every_direction_with_rules_is_enforced(self, objects: list[Object]) -> None:
        for policy in _of(objects, "NetworkPolicy").values():
            for direction in ("Ingress", "Egress"):
                if direction.lower() in policy["spec"]:
                    assert direction in policy["spec"]["policyTypes"]

    def test_a_service_reaches_names_database_broker_and_the_outside(self, objects: list[Object]) -> None:
        for each in _of(objects, "Deployment").values():
            assert _ports_reached(each, objects) == {53, 5432, 9092, 443}

    def test_a_migration_reaches_names_and_database(self, objects: list[Object]) -> None:
        for each in _of(objects, "Job").values():
            assert _ports_reached(each, objects) == {53, 5432}

    def test_the_outside_is_not_the_inside(self, objects: list[Object]) -> None:
        for each in _of(objects, "Deployment").values():
            for rule in _rules(each, objects, "egress"):
                blocks = [peer["ipBlock"] for peer in rule["to"] if "ipBlock" in peer]
                excepted = {one for block in blocks for one in block["except"]}
                assert not blocks or excepted >= INSIDE

    def test_only_http_comes_in_and_never_to_a_migration(self, objects: list[Object]) -> None:
        for each in _with_pods(objects):
            rules = list(_rules(each, objects, "ingress"))
            assert bool(rules) == (each["kind"] == "Deployment")
            for rule in rules:
                assert rule["ports"] == [{"protocol": "TCP", "port": "http"}]
                assert all(set(peer) == {"namespaceSelector"} for peer in rule["from"])

    def test_the_broker_is_looked_for_where_the_wall_is_open(self, objects: list[Object]) -> None:
        bootstrap = _of(objects, "ConfigMap")["parley"]["data"]["PARLEY_KAFKA__BOOTSTRAP"]
        host, _, port = bootstrap.partition(":")
        assert (host.split(".")[1:], port) == (["kafka", "svc"], "9092")


def _rules(each: Object, objects: list[Object], direction: str) -> Iterator[Any]:
    for policy in _of(objects, "NetworkPolicy").values():
        if _matches(policy["spec"]["podSelector"], _labels(each)):
            yield from policy["spec"].get(direction, [])


def _ports_reached(each: Object, objects: list[Object]) -> set[int]:
    rules = _rules(each, objects, "egress")
    return {port["port"] for rule in rules for port in rule["ports"]}


class TestOverlay:
    def test_routes_lead_to_services_that_exist(self) -> None:
        objects = render(DEPLOY / "overlays/example")
        for ingress in _of(objects, "Ingress").values():
            for rule in ingress["spec"]["rules"]:
                for path in rule["http"]["paths"]:
                    assert path["backend"]["service"]["name"] in SERVICES
            hosts = {rule["host"] for rule in ingress["spec"]["rules"]}
            assert hosts == {host for tls in ingress["spec"]["tls"] for host in tls["hosts"]}

    def test_metrics_are_not_routed_beside_webhooks_and_record(self) -> None:
        (ingress,) = _of(render(DEPLOY / "overlays/example"), "Ingress").values()
        open_to_all = [
            path["path"]
            for rule in ingress["spec"]["rules"]
            for path in rule["http"]["paths"]
            if path["backend"]["service"]["name"] != "policy"
        ]
        assert not {"/", "/metrics", "/ready", "/live"} & set(open_to_all)


class TestRenderer:
    @pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
    @pytest.mark.parametrize("folder", FOLDERS)
    def test_renders_what_kubectl_renders(self, folder: str) -> None:
        printed = subprocess.run(
            ["kubectl", "kustomize", str(DEPLOY / folder)], capture_output=True, check=True, timeout=60
        ).stdout
        assert _sorted(list(yaml.safe_load_all(printed))) == _sorted(render(DEPLOY / folder))

    @pytest.mark.parametrize(
        "extra",
        [
            {"commonLabels": {"a": "b"}},
            {"patches": [{"target": {"kind": "Job"}}]},
            {"images": [{"name": "a", "tagSuffix": "b"}]},
            {"resources": ["../outside.yaml"]},
        ],
    )
    def test_refuses_what_it_does_not_know(self, tmp_path: Path, extra: Mapping[str, Any]) -> None:
        (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump({"resources": [], **extra}))
        with pytest.raises(Unsupported):
            render(tmp_path)

    def test_refuses_a_key_that_stands_twice(self, tmp_path: Path) -> None:
        (tmp_path / "kustomization.yaml").write_text("resources: []\nresources: []\n")
        with pytest.raises(Unsupported):
            render(tmp_path)


def _sorted(objects: list[Object]) -> list[Object]:
    identity: Callable[[Object], tuple[str, str]] = lambda each: (each["kind"], each["metadata"]["name"])  # noqa: E731
    return sorted(objects, key=identity)
