#!/usr/bin/env python3
"""Mutates the headers that light clients read: `verify --light` refuses them in one line, or they show the same."""
import copy
import json
import pathlib
import subprocess
import sys

from frame import Fuzzer, main

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
from light_scenarios import ENGINES, light_scenario

VALUES = (None, True, -1, 0, 1, 5, 63, 64, 10**6, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1, 10**25, 1.5, 1e300, "", "0x", "0x00",
          "0x" + "ff" * 8, "0x" + "ff" * 4096, "0x0", "precommit", "attestation", "surround_vote", "double_proposal", "\u202e", "\x1b[2J", [], {}, [[]])


class Headers(Fuzzer):
    def made(self, *arguments):
        """A command that prepares what is spoilt later: nothing is wrong with it."""
        subprocess.run([str(self.runnel), *map(str, arguments)], check=True, capture_output=True, timeout=600)

    def setup(self):
        self.chains = []
        for engine in ENGINES:
            scenario, ledger = self.scratch / f"{engine}.toml", self.scratch / f"{engine}.db"
            scenario.write_text(light_scenario(engine, 40))
            self.made("run", scenario, "--db", ledger, "--quiet")
            proof, headers = self.scratch / f"{engine}_proof.json", self.scratch / f"{engine}_headers.json"
            self.made("prove", ledger, "--balance", "USDC", "people/3", "--block", 20, "-o", proof)
            self.made("prove", ledger, "--headers", "-o", headers)
            self.chains.append((proof, json.loads(headers.read_text())))

    def places(self, value, found):
        """Every container of the document that has something in it."""
        if isinstance(value, (dict, list)) and value:
            found.append(value)
            for item in value.values() if isinstance(value, dict) else value:
                self.places(item, found)
        return found

    def spoil(self, document):
        pick = self.random
        container = pick.choice(self.places(document, []))
        key = pick.choice(list(container) if isinstance(container, dict) else range(len(container)))
        kind, value = pick.random(), container[key]
        if kind < 0.35:
            container[key] = pick.choice(VALUES)
        elif kind < 0.5 and isinstance(value, int):
            container[key] = max(0, value + pick.choice((-1, 1, 10**6, 2**32)))
        elif kind < 0.65 and isinstance(value, str) and value:
            at = pick.randrange(len(value))
            container[key] = value[:at] + pick.choice("0179afxz=\n\"[]") + value[at + pick.choice((0, 1)):]
        elif kind < 0.75:
            del container[key]
        elif kind < 0.85 and isinstance(container, list):
            container.insert(key, copy.deepcopy(pick.choice(container)))
        else:
            other = pick.choice(self.places(document, []))
            container[key] = copy.deepcopy(pick.choice(list(other.values()) if isinstance(other, dict) else other))

    def spoil_scenario(self, document):
        """The manifest's scenario is hostile as well."""
        pick = self.random
        manifest = document.get("manifest") if isinstance(document, dict) else None
        for entry in manifest if isinstance(manifest, list) else ():
            if isinstance(entry, list) and len(entry) == 2 and entry[0] == "resolved_scenario" and isinstance(entry[1], str):
                lines = entry[1].split("\n")
                at = pick.randrange(len(lines))
                name = lines[at].split("=")[0]
                lines[at] = f"{name}= {pick.choice(('0', '1', '-1', '1e9', '4294967296', 'true', '[]', chr(34) * 2, '1_000_000'))}"
                entry[1] = "\n".join(lines)

    def case(self):
        pick = self.random
        proof, whole = pick.choice(self.chains)
        document = copy.deepcopy(whole)
        for _ in range(pick.choice((1, 1, 2, 5))):
            (self.spoil_scenario if pick.random() < 0.15 else self.spoil)(document)
            if not document:
                break
        text = json.dumps(document)
        kind = pick.random()
        if kind < 0.05:
            text = text[: pick.randrange(len(text))]
        elif kind < 0.1:
            at = pick.randrange(len(text))
            text = text[:at] + chr(pick.choice((0, 34, 44, 58, 91, 93, 123, 125))) + text[at + 1:]
        path = self.folder / "case.json"
        path.write_text(text)
        self.folder.joinpath("proof.json").write_bytes(proof.read_bytes())
        done = self.command({0, 1, 2}, "verify", "--proof", proof, "--light", path, "--confirmations", 5)
        if done and done.returncode == 0 and self.chain_of(text) != self.chain_of(json.dumps(whole)):
            self.finding("accepted in silence", f"{done.stdout!r}")

    @staticmethod
    def chain_of(text):
        """What the check rests on: which blocks there are, who made them, and when."""
        try:
            document = json.loads(text)
        except ValueError:
            return text
        return (document["manifest"], [header.lower() for header in document["headers"]],
                [(block["height"], block["maker"]) for block in document["blocks"]])


if __name__ == "__main__":
    main(Headers)
