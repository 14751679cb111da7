# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of the seed share: documents made by seed_tool, and cloud-init's own code to read them.

A program of these is called with SEED_TOOL and perhaps a suite of Debian, whose cloud-init is
unpacked by tests/tools/get-cloud-init. One process has one version.
"""
import contextlib
import io
import logging
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import traceback

HERE = pathlib.Path(__file__).resolve().parent
MUST_RUN = os.environ.get("MNMIVM_TESTS_MUST_RUN") == "1"
READY = "mnmivm-se: ready 0a1b2c"
KEY = ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMa3D59hpgsoAfW9jXGqC1vqCf9InvYtuCBqapnebS8v"
       " me@host")
HOST_KEY = ("-----BEGIN OPENSSH PRIVATE KEY-----\n" + ("b3BlbnNzaC1rZXktdjEA" * 3 + "\n") * 4 +
            "-----END OPENSSH PRIVATE KEY-----\n")
HOST_PUBLIC = KEY.replace("me@host", "root@web1")
MAC = "52:54:00:12:34:56"


def skip(reason, excused=False):
    if MUST_RUN and not excused:
        print(f"Bail out! must run, but: {reason}")
        sys.exit(1)
    print(f"1..0 # SKIP {reason}")
    sys.exit(0)


def find_cloud_init(suite):
    # what contrib/check could not have is no fault of the tree
    if suite in os.environ.get("MNMIVM_CLOUD_INIT_LACKS", "").split():
        skip(f"no cloud-init of {suite} on the mirror", excused=True)
    found = subprocess.run([HERE.parent / "tools/get-cloud-init"] + ([suite] if suite else []),
                           stdout=subprocess.PIPE, text=True, check=False)
    if found.returncode:
        skip("cloud-init cannot be had")
    return found.stdout.strip()


if not 2 <= len(sys.argv) <= 3:
    sys.exit(f"usage: {sys.argv[0]} SEED_TOOL [SUITE]")
TOOL = os.path.abspath(sys.argv[1])
CLOUD_INIT = find_cloud_init(sys.argv[2] if len(sys.argv) > 2 else "")
sys.path.insert(0, CLOUD_INIT)
try:
    # The latter two are optional to cloud-init, which then checks and renders nothing.
    import yaml
    import jsonschema  # noqa: F401 pylint: disable=unused-import
    import jinja2  # noqa: F401 pylint: disable=unused-import
    from cloudinit import version
    from cloudinit.cmd.devel import net_convert
    from cloudinit.config import schema
except ImportError as error:
    skip(f"cloud-init does not load: {error}")

# A checkout may not say it: it is new then.
VERSION = tuple(int(x) for x in re.findall(r"\d+", version.__VERSION__)[:2]) or (99, 0)

# What is logged is no verdict: the tests look at what comes out.
logging.getLogger().addHandler(logging.NullHandler())
TMP = tempfile.TemporaryDirectory(prefix="mnmivm-seed-")


class Seed:
    """The documents of one specification; an argument that is a list is given several times."""

    def __init__(self, nics=None, **spec):
        words = {"hostname": "web1", "instance_id": "iid-1", "key": KEY, "nonce": "0a1b2c",
                 "host_key_private": HOST_KEY, "host_key_public": HOST_PUBLIC,
                 "timezone": "Europe/Vienna"}
        words.update(spec)
        self.dir = pathlib.Path(tempfile.mkdtemp(dir=TMP.name))
        argv = [TOOL, self.dir]
        for nic in [None] if nics is None else nics:
            words_of_nic = {"nic": MAC, "address": "192.168.86.53/24", "gateway": "192.168.86.1",
                            "dns": ["192.168.86.2", "8.8.8.8"], "search": "lan.example",
                            "mtu": "1400"} if nic is None else nic
            argv += self.arguments(words_of_nic)
        argv[2:2] = self.arguments(words)
        self.run = subprocess.run(argv, stderr=subprocess.PIPE, check=False)
        self.message = self.run.stderr.decode()

    @staticmethod
    def arguments(words):
        return [f"{key}={value}" for key, values in words.items()
                for value in (values if isinstance(values, list) else [values])]

    def path(self, name):
        assert self.run.returncode == 0, self.message
        return self.dir / name

    def text(self, name):
        return self.path(name).read_bytes().decode("ascii")

    def yaml(self, name):
        return yaml.safe_load(self.text(name))


def said(parser, handle, *arguments):
    """What a subcommand of cloud-init prints; it must succeed."""
    out = io.StringIO()
    args = parser.parse_args([str(argument) for argument in arguments])
    code = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            code = handle(parser.prog, args)
        except SystemExit as end:
            code = end.code
    for value in vars(args).values():
        if isinstance(value, io.IOBase):
            value.close()
    assert not code, f"{arguments}: {code} {out.getvalue()}"
    return out.getvalue()


def check_schema(path, kind=None):
    """`cloud-init schema`"""
    return said(schema.get_parser(), schema.handle_schema_args,
                *(["-t", kind] if kind else []), "--config-file", path)


def validate(seed):
    """What this version has a schema for, with its warnings as failures."""
    out = check_schema(seed.path("user-data"))
    assert "Valid" in out and "eprecat" not in out and "Error" not in out, out
    if not hasattr(schema, "SchemaType"):
        return False
    out = check_schema(seed.path("network-config"), "network-config")
    assert "Valid" in out or "No network schema" in out, out
    assert "eprecat" not in out, out
    return True


def renderers():
    """Those that this version has."""
    usage = net_convert.get_parser().format_help()
    choices = re.search(r"-O \{([^}]*)\}|--output-kind \{([^}]*)\}", usage)
    return set((choices[1] or choices[2]).replace("\n", "").replace(" ", "").split(","))


def convert(seed, renderer, distro):
    """`cloud-init devel net-convert`: the folder that it writes."""
    out = tempfile.mkdtemp(dir=TMP.name)
    said(net_convert.get_parser(), net_convert.handle_args, "-p", seed.path("network-config"),
         "-k", "yaml", "-d", out, "-D", distro, "-O", renderer)
    return pathlib.Path(out)


def run(tests):
    """Names, functions and their arguments; the exit status."""
    failed = 0
    print(f"1..{len(tests)}")
    for number, (name, function, arguments) in enumerate(tests, 1):
        try:
            function(*arguments)
            print(f"ok {number} - {name}", flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            for line in traceback.format_exc().splitlines():
                print(f"# {line}")
            print(f"not ok {number} - {name}", flush=True)
    TMP.cleanup()
    return 1 if failed else 0
