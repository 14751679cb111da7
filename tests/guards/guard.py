# SPDX-License-Identifier: GPL-2.0-or-later
# What the guards share: TAP on standard output, files, and the help of the program.
import os
import re
import subprocess


class Tap:
    """One test a call; a list of findings is the reason of a failure."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def check(self, name, findings):
        self.count += 1
        self.failed += bool(findings)
        print(f"{'not ok' if findings else 'ok'} {self.count} - {name}")
        for finding in findings:
            print(f"# {finding}")

    def skip(self, name, reason):
        if os.environ.get("MNMIVM_TESTS_MUST_RUN") == "1":
            self.check(name, [f"must run, but: {reason}"])
        else:
            self.count += 1
            print(f"ok {self.count} - {name} # SKIP {reason}")

    def done(self):
        print(f"1..{self.count}")
        return 1 if self.failed else 0


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def differences(here, there, where_here, where_there):
    """Both directions, so that neither side can lack or invent something."""
    return [f"{x} is in {where_here}, not in {where_there}" for x in sorted(here - there)] + [
        f"{x} is in {where_there}, not in {where_here}" for x in sorted(there - here)
    ]


class Command:
    """What the help of one command says; of one with verbs, what theirs says together."""

    def __init__(self):
        self.words = []  # small words of the usage line
        self.options = {}  # long name -> (letter or "", value as in the help or "")


OPTION = re.compile(r"  (?:-(\w), )?--([\w-]+)(?:\[=(\S+)\]| (\S+))?(?: |$)")


def words_of(text):
    """The words that are typed as they are: all small letters, or a size."""
    word = re.compile(r"[a-z][a-z0-9-]*|[0-9]+[KMGT]")
    return sorted(x for x in re.split(r"[^\w-]+", text) if word.fullmatch(x))


def parse_verbs(text):
    """The verbs that the help of a command lists."""
    listed = text.split("\nverbs:\n", 1)[1:]
    return [x.split()[0] for x in listed[0].split("\n\n", 1)[0].splitlines()] if listed else []


def parse_options(text):
    options = {}
    for line in text.split("\noptions:\n", 1)[1:] or []:
        for entry in line.splitlines():
            match = OPTION.match(entry)
            if not match:
                break
            letter, name, optional, value = match.groups()
            options[name] = (letter or "", optional or value or "")
    return options


class Program:
    """Commands and options, as the program's own help tells them."""

    def __init__(self, path):
        self.path = path
        self.verbs = {}  # "image pull" -> Command
        text = self.run("help")
        self.options = parse_options(text)
        listed = text.split("\ncommands:\n", 1)[1].split("\n\n", 1)[0]
        self.commands = {x.split()[0]: self.command(x.split()[0]) for x in listed.splitlines()}

    def run(self, *words):
        env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LD_LIBRARY_PATH"):
            if name in os.environ:
                env[name] = os.environ[name]
        return subprocess.run(
            [self.path, *words], check=True, stdout=subprocess.PIPE, text=True, env=env
        ).stdout

    def command(self, name):
        command = Command()
        text = self.run("help", *name.split())
        for word in parse_verbs(text):
            verb = self.verbs[f"{name} {word}"] = self.command(f"{name} {word}")
            command.words += [word] + verb.words
            command.options.update(verb.options)
        if command.words:
            command.words.sort()
            return command
        usage = text.splitlines()[0]
        usage = usage.replace(f"usage: mnmivm-se {name}", "", 1).replace(" [OPTION]...", "")
        command.words = words_of(re.sub(r"--[\w-]+", "", usage))
        command.options = parse_options(text)
        return command
