"""What containers are started from agrees with what they are: no name is only believed."""

import re

import kubernetes_validate
import pytest
import yaml

from bots.stopping import CLOSING
from core.settings import Settings
from tests.deploy.containerfile import allowed, stages
from tests.deploy.unit import ROOT

DEPLOY = ROOT / "deploy"
MANIFESTS = [
    one for path in DEPLOY.glob("kubernetes/*.yaml") for one in yaml.safe_load_all(path.read_text())
]
(DEPLOYMENT,) = (one for one in MANIFESTS if one["kind"] == "Deployment")
POD = DEPLOYMENT["spec"]["template"]["spec"]
(CONTAINER,) = POD["containers"]
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICE = COMPOSE["services"]["parley"]
BUILD, FINAL = stages()

NAMES = {name.upper() for name in Settings.model_fields} | {
    f"{name}_FILE" for name in Settings.secret_names()
}


def of(word):
    """The last instruction of a kind in the image."""
    return [step.rest for step in FINAL if step.word == word][-1]


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda one: one["kind"])
@pytest.mark.parametrize("version", ["1.31", "1.34"])
def test_kubernetes_takes_the_manifests(manifest, version):
    kubernetes_validate.validate(manifest, version, strict=True)


def test_two_pods_never_share_the_records():
    assert DEPLOYMENT["spec"]["replicas"] == 1
    assert DEPLOYMENT["spec"]["strategy"] == {"type": "Recreate"}


def test_each_setting_of_the_containers_is_one_of_parleys():
    given = {one["name"] for one in CONTAINER["env"]}
    given |= {name for one in MANIFESTS if one["kind"] == "ConfigMap" for name in one["data"]}
    given |= SERVICE["environment"].keys()
    image = {word.split("=")[0] for word in of("ENV").split()}

    assert given <= NAMES
    assert image - NAMES == {"HOME", "PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}


def test_each_secret_is_a_file_that_is_mounted():
    compose = {path.rpartition("/")[2] for path in SERVICE["environment"].values()}
    (mount,) = (one for one in CONTAINER["volumeMounts"] if one["name"] == "secrets")
    pod = [one["value"] for one in CONTAINER["env"] if one["name"].endswith("_FILE")]

    assert compose == set(SERVICE["secrets"]) == COMPOSE["secrets"].keys()
    assert pod
    assert all(path.startswith(f"{mount['mountPath']}/") for path in pod)


def test_nothing_but_the_volume_and_what_is_fleeting_can_be_written():
    (volume,) = SERVICE["volumes"]
    writable = {one["mountPath"] for one in CONTAINER["volumeMounts"] if not one.get("readOnly")}

    assert SERVICE["read_only"]
    assert CONTAINER["securityContext"]["readOnlyRootFilesystem"]
    assert volume.endswith(f":{of('VOLUME')}")
    assert writable == {of("VOLUME"), "/tmp"}


def test_the_process_is_nobody_and_can_become_nobody_else():
    user, _, group = of("USER").partition(":")
    as_ = POD["securityContext"]

    assert int(user) > 0
    assert as_["runAsNonRoot"]
    assert (as_["runAsUser"], as_["runAsGroup"], as_["fsGroup"]) == (
        int(user),
        int(group),
        int(group),
    )
    assert SERVICE["cap_drop"] == CONTAINER["securityContext"]["capabilities"]["drop"] == ["ALL"]
    assert SERVICE["security_opt"] == ["no-new-privileges:true"]
    assert CONTAINER["securityContext"]["allowPrivilegeEscalation"] is False


def test_whoever_stops_it_waits_for_the_answers_that_are_being_written():
    (config,) = (one for one in MANIFESTS if one["kind"] == "ConfigMap")
    drain = float(config["data"]["DRAIN_SECONDS"])

    assert POD["terminationGracePeriodSeconds"] > drain + CLOSING
    default = Settings.model_fields["drain_seconds"].default
    assert int(SERVICE["stop_grace_period"].removesuffix("s")) > default + CLOSING


def test_the_probes_ask_where_the_bot_answers():
    (port,) = (one["containerPort"] for one in CONTAINER["ports"] if one["name"] == "admin")
    probes = [CONTAINER[one]["httpGet"] for one in ("startupProbe", "livenessProbe")]

    assert {"name": "ADMIN_PORT", "value": str(port)} in CONTAINER["env"]
    assert {"path": "/healthz", "port": "admin"} == probes[0] == probes[1]
    assert CONTAINER["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "admin"}


def test_only_what_is_named_gets_into_an_image():
    named = {word for step in BUILD if step.word == "COPY" for word in step.words()[:-1]}

    assert named == {one for one in allowed() if not one.startswith("**")}
    assert (ROOT / ".dockerignore").read_text() == (ROOT / ".containerignore").read_text()


def test_both_stages_stand_on_the_same_image_whose_version_is_named():
    images = {stage[0].rest.partition(" ")[0] for stage in (BUILD, FINAL)}

    assert len(images) == 1
    assert re.fullmatch(r"docker\.io/library/python:3\.\d+-slim-\w+", images.pop())


def test_whatever_is_installed_has_its_hash_and_compiles_nothing():
    installs = [step.rest for step in BUILD if "pip install" in step.rest]

    assert all(
        "--only-binary :all: --require-hashes" in one or "--no-deps --no-index" in one
        for one in installs
    )
