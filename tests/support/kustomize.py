"""As much of kustomize as the manifests use, so that they are tested where no binary of it exists.

It refuses what it does not know: a field that it skipped in silence would make the tests read other
objects than the cluster gets. Where kubectl is installed, a test holds the two against each other.
"""

from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

Object = dict[str, Any]

_FIELDS: Final = {"apiVersion", "kind", "namespace", "resources", "images", "patches"}
_IMAGE_FIELDS: Final = {"name", "newName", "newTag", "digest"}
_NAMESPACED: Final = {
    "ConfigMap",
    "Deployment",
    "Ingress",
    "Job",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "Service",
    "ServiceAccount",
}
_WITH_PODS: Final = {"Deployment", "Job"}


class Unsupported(Exception):
    """The kustomization uses something that this renderer does not know."""


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice, as kustomize does."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if len(keys) != len(set(keys)):
            raise Unsupported(f"a key stands twice {node.start_mark}")
        return super().construct_mapping(node, deep)


def render(folder: Path) -> list[Object]:
    """The objects that `kubectl kustomize FOLDER` would print, in the order of the files."""
    kustomization = _only(_documents(folder / "kustomization.yaml"))
    _refuse_unknown(kustomization, _FIELDS, "kustomization")
    objects = [each for name in kustomization["resources"] for each in _resources(folder, name)]
    for patch in kustomization.get("patches", []):
        _refuse_unknown(patch, {"path"}, "patch")
        for change in _documents(_inside(folder, patch["path"])):
            _merge(_named(objects, change), change)
    if namespace := kustomization.get("namespace"):
        for each in objects:
            _place(each, namespace)
    for image in kustomization.get("images", []):
        _refuse_unknown(image, _IMAGE_FIELDS, "image")
        for container in (one for each in objects for one in containers(each)):
            container["image"] = _renamed(container["image"], image)
    identities = [_identity(each) for each in objects]
    if len(identities) != len(set(identities)):
        raise Unsupported("two objects have the same kind and name")
    return objects


def containers(each: Object) -> Iterator[Object]:
    """Every container of an object that has pods, those that run before the others included."""
    if each["kind"] in _WITH_PODS:
        pod = each["spec"]["template"]["spec"]
        yield from pod.get("initContainers", [])
        yield from pod["containers"]


def _resources(folder: Path, name: str) -> list[Object]:
    if (folder / name).is_dir():
        return render(folder / name)
    return _documents(_inside(folder, name))


def _documents(path: Path) -> list[Object]:
    # Copies, because an anchor makes two places of a file one object.
    return [_copied(each) for each in yaml.load_all(path.read_text(), Loader=_Loader) if each]


def _copied(value: Any) -> Any:
    """A copy in which nothing is shared; deepcopy would keep what was shared inside."""
    if isinstance(value, dict):
        return {key: _copied(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_copied(each) for each in value]
    return value


def _inside(folder: Path, name: str) -> Path:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise Unsupported(f"{name} lies outside its kustomization")
    return path


def _only(documents: list[Object]) -> Object:
    if len(documents) != 1:
        raise Unsupported("a kustomization is one document")
    return documents[0]


def _refuse_unknown(given: Mapping[str, Any], known: set[str], what: str) -> None:
    if unknown := set(given) - known:
        raise Unsupported(f"{what} has {', '.join(sorted(unknown))}")


def _identity(each: Object) -> tuple[str, str, str]:
    return each["apiVersion"], each["kind"], each["metadata"]["name"]


def _named(objects: list[Object], change: Object) -> Object:
    for each in objects:
        if _identity(each) == _identity(change):
            return each
    raise Unsupported(f"nothing to patch: {_identity(change)}")


def _merge(target: Object, change: Object) -> None:
    """Put a patch of maps and plain values over an object; lists and deletions have rules of their own."""
    for key, value in change.items():
        if value is None or isinstance(value, list):
            raise Unsupported(f"a patch of {key} is a list or a deletion")
        if isinstance(value, dict):
            _merge(target.setdefault(key, {}), value)
        else:
            target[key] = value


def _place(each: Object, namespace: str) -> None:
    if each["kind"] == "Namespace":
        each["metadata"]["name"] = namespace
    elif each["kind"] in _NAMESPACED:
        each["metadata"]["namespace"] = namespace
    else:
        raise Unsupported(f"{each['kind']} may or may not have a namespace")


def _renamed(reference: str, image: Mapping[str, str]) -> str:
    name, digest_mark, digest = reference.partition("@")
    before, colon, tag = name.rpartition(":")
    if colon and "/" not in tag:
        name = before
    else:
        tag = ""
    if name != image["name"]:
        return reference
    name = image.get("newName", name)
    if "digest" in image:
        return f"{name}@{image['digest']}"
    if "newTag" in image:
        return f"{name}:{image['newTag']}"
    return name + (f":{tag}" if tag else "") + digest_mark + digest
