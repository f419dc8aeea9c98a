#!/usr/bin/env python3
"""Write a container image as an archive, without a registry and without a container engine.

The image holds the program, the shared libraries that `ldd` names, root certificates, a user, and the list of what the program
is made of. The same input makes the same bytes: nothing is taken from the clock (SOURCE_DATE_EPOCH, else 1970), owners are
root, names are in order, layers are not compressed. `docker load`, `podman load` and `ctr images import` read the archive,
`skopeo copy oci-archive:FILE docker://…` pushes it.

Usage: image.py --program FILE --name REPOSITORY:TAG --output FILE [--sbom FILE] [--entrypoint FILE] [--certificates FILE] [--label KEY=VALUE ...]
Prints the digest of the image.
"""
import argparse
import datetime
import hashlib
import io
import json
import os
import platform
import re
import subprocess
import sys
import tarfile
from pathlib import Path

USER = 65532
EPOCH = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
MEDIA = "application/vnd.oci.image"
PASSWD = f"root:x:0:0:root:/:/nonexistent\nnonroot:x:{USER}:{USER}:nonroot:/:/nonexistent\n"
GROUP = f"root:x:0:\nnonroot:x:{USER}:\n"


def fail(sentence):
    sys.exit(f"image: {sentence}")


def libraries(program):
    """Path in the image, as the loader looks for it, and file here, of each shared library."""
    said = subprocess.run(["ldd", program], capture_output=True, text=True)
    if "not a dynamic executable" in said.stderr or "statically linked" in said.stdout:
        return {}
    if said.returncode:
        fail(f"ldd cannot read {program}: {said.stderr.strip()}")
    found = {}
    for line in said.stdout.splitlines():
        name, _, rest = line.strip().partition(" => ")
        if rest.startswith("not found"):
            fail(f"{program} needs {name}, which is not on this machine")
        path = (rest or name).split(" (")[0].strip()
        if path.startswith("/"):  # linux-vdso is the kernel's and has no file
            found[path] = Path(path).resolve().read_bytes()
    return found


def layer(files):
    """A tar archive of {path: (mode, bytes)}, with the folders above each."""
    folders = {str(parent) for path in files for parent in Path(path).parents if str(parent) != "/"}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted(folders | set(files)):
            mode, content = files.get(path, (0o755, None))
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.mode, entry.mtime = mode, EPOCH
            if content is None:
                entry.type = tarfile.DIRTYPE
                tar.addfile(entry)
            else:
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


class Blobs:
    """Content by its digest."""

    def __init__(self):
        self.files = {}

    def put(self, kind, content):
        digest = hashlib.sha256(content).hexdigest()
        self.files[f"blobs/sha256/{digest}"] = content
        return {"mediaType": f"{MEDIA}.{kind}", "digest": f"sha256:{digest}", "size": len(content)}


def config(options, layers):
    created = datetime.datetime.fromtimestamp(EPOCH, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "architecture": options.architecture,
        "os": "linux",
        "created": created,
        "config": {
            "User": f"{USER}:{USER}",
            "Entrypoint": [options.entrypoint],
            "WorkingDir": "/",
            "Env": ["PATH=/usr/local/bin"],
            "ExposedPorts": {"8080/tcp": {}},
            "Labels": dict(label.split("=", 1) for label in options.label),
        },
        "rootfs": {"type": "layers", "diff_ids": [it["digest"] for it in layers]},
        "history": [{"created": created, "created_by": "image.py"} for _ in layers],
    }


def full_name(name):
    """With the registry that a container engine puts before a name that has none."""
    host, slash, _ = name.partition("/")
    if slash and ("." in host or ":" in host or host == "localhost"):
        return name
    return f"docker.io/{name}" if slash else f"docker.io/library/{name}"


def contents(options):
    """The layers: what changes seldom, and the program."""
    certificates = Path(options.certificates)
    if not certificates.is_file():
        fail(f"{certificates} is not there: install the package ca-certificates, or name a file with --certificates")
    base = {path: (0o755, content) for path, content in libraries(options.program).items()}
    base["/etc/passwd"] = (0o644, PASSWD.encode())
    base["/etc/group"] = (0o644, GROUP.encode())
    base["/etc/ssl/certs/ca-certificates.crt"] = (0o644, certificates.read_bytes())
    top = {options.entrypoint: (0o755, Path(options.program).read_bytes())}
    if options.sbom:
        top["/usr/share/sbom/ecs-operator.cdx.json"] = (0o644, Path(options.sbom).read_bytes())
    return [base, top]


def main():
    parse = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parse.add_argument("--program", required=True)
    parse.add_argument("--name", required=True)
    parse.add_argument("--output", required=True)
    parse.add_argument("--sbom")
    parse.add_argument("--entrypoint", default="/usr/local/bin/ecs-operator", help="where the program is in the image")
    parse.add_argument("--certificates", default="/etc/ssl/certs/ca-certificates.crt")
    parse.add_argument("--label", action="append", default=[], metavar="KEY=VALUE")
    options = parse.parse_args()
    if not re.fullmatch(r"[a-z0-9][a-z0-9._/:-]*:[A-Za-z0-9_][A-Za-z0-9._-]*", options.name):
        fail(f"{options.name} is not REPOSITORY:TAG")
    if bad := [label for label in options.label if "=" not in label]:
        fail(f"the label {bad[0]} is not KEY=VALUE")
    options.architecture = ARCHITECTURES.get(platform.machine()) or fail(f"{platform.machine()} is not an architecture we know")

    blobs = Blobs()
    layers = [blobs.put("layer.v1.tar", layer(files)) for files in contents(options)]
    image = blobs.put("config.v1+json", canonical(config(options, layers)))
    manifest = {"schemaVersion": 2, "mediaType": f"{MEDIA}.manifest.v1+json", "config": image, "layers": layers}
    manifest = blobs.put("manifest.v1+json", canonical(manifest))

    # Two indexes of the same blobs: the one of the OCI layout, and the older one that `docker load` asks for.
    annotations = {"io.containerd.image.name": full_name(options.name), "org.opencontainers.image.ref.name": options.name.rpartition(":")[2]}
    entry = {**manifest, "platform": {"architecture": options.architecture, "os": "linux"}, "annotations": annotations}
    path_of = lambda blob: "blobs/sha256/" + blob["digest"].removeprefix("sha256:")
    files = {path: (0o644, content) for path, content in blobs.files.items()}
    files["oci-layout"] = (0o644, canonical({"imageLayoutVersion": "1.0.0"}))
    files["index.json"] = (0o644, canonical({"schemaVersion": 2, "mediaType": f"{MEDIA}.index.v1+json", "manifests": [entry]}))
    older = [{"Config": path_of(image), "RepoTags": [options.name], "Layers": [path_of(it) for it in layers]}]
    files["manifest.json"] = (0o644, canonical(older))
    Path(options.output).write_bytes(layer({f"/{path}": file for path, file in files.items()}))
    print(manifest["digest"])


main()
