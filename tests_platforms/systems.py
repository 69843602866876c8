"""Other systems to run in: a Debian of another release or CPU, unpacked into a folder and entered with chroot.

The packages are unpacked and not configured, so that nothing of another CPU runs, and nothing is downloaded twice.
Needs root, and Debian's package manager on this machine.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "platforms"
MACHINE = {"amd64": "x86_64", "arm64": "aarch64"}  # Debian's names of CPUs, and everybody else's
TAGS = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_26", "manylinux_2_24", "manylinux_2_17", "manylinux2014")
NO_ARM_WHEEL = ("dtaidistance",)  # of the packages that tests use; the tests that run there need none of them
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
BINFMT = Path("/proc/sys/fs/binfmt_misc")
PARALLEL = os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL", "2")


def run(*command: str | Path, **options: object) -> None:
    """Run a command; its failure ends this program."""
    done = subprocess.run([str(part) for part in command], check=False, **options)  # type: ignore[call-overload]
    if done.returncode:
        sys.exit(f"failed with {done.returncode}: {' '.join(str(part) for part in command)}")


def output(*command: str | Path) -> str:
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout.strip()


def need(command: str, package: str) -> None:
    """Install a Debian package if its command is not here."""
    if not shutil.which(command):
        print("installing", package, flush=True)
        quiet = {"stdout": subprocess.DEVNULL, "env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}}
        run("apt-get", "update", "-qq", **quiet)
        run("apt-get", "install", "-qq", "--no-install-recommends", "-y", package, **quiet)


def debian(release: str, cpu: str, packages: tuple[str, ...]) -> Path:
    """Return the folder of a Debian with its required packages and these."""
    need("debootstrap", "debootstrap")
    root = BUILD / f"{release}-{cpu}"
    done = root / "complete"
    if done.is_file() and done.read_text().split() == list(packages):
        return root
    mirror = output("apt-get", "indextargets", "--format", "$(REPO_URI)", "Component: main").splitlines()[0]
    fetched = BUILD / f"{release}-{cpu}.packages"
    print(f"fetching Debian {release} for {cpu}", flush=True)
    shutil.rmtree(root, ignore_errors=True)
    shutil.rmtree(fetched, ignore_errors=True)
    run("debootstrap", "--download-only", f"--arch={cpu}", "--variant=minbase", f"--include={','.join(packages)}",
        release, fetched, mirror, stdout=subprocess.DEVNULL)  # fmt: skip
    for name in ("usr/bin", "usr/sbin", "usr/lib", "dev", "proc", "root", "tmp", "elman", "packages"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "sbin", "lib"):
        (root / name).symlink_to(f"usr/{name}")
    for package in sorted((fetched / "var" / "cache" / "apt" / "archives").glob("*.deb")):
        run("dpkg-deb", "-x", package, root)
    shutil.copy(root / "usr" / "share" / "base-passwd" / "passwd.master", root / "etc" / "passwd")
    certificates = root / CERTIFICATES.relative_to("/")  # the packages are not configured, and pip opens this file
    certificates.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(CERTIFICATES, certificates)
    done.write_text(" ".join(packages))
    return root


def emulate_arm() -> None:
    """Have the system run programs for 64-bit ARM through QEMU."""
    if platform.machine() == "aarch64":
        return
    need("qemu-aarch64-static", "qemu-user-static")
    if not (BINFMT / "register").exists():
        run("mount", "-t", "binfmt_misc", "binfmt_misc", BINFMT)
    if not (BINFMT / "qemu-aarch64").exists():
        (BINFMT / "register").write_bytes(Path("/usr/lib/binfmt.d/qemu-aarch64.conf").read_bytes().strip())


def run_in(root: Path, *command: str, folder: str = "/elman", packages: Path | None = None, **variables: str) -> int:
    """Run a command in a system; it sees this repository as /elman, and Python packages from a folder of ours."""
    binds = {"/proc": "proc", "/dev": "dev", str(ROOT): "elman"}
    if packages:
        binds[str(packages)] = "packages"
    mounts = " && ".join(f"mount --bind '{source}' '{root / target}'" for source, target in binds.items())
    settings = {
        "HOME": "/root",
        "LANG": "C.UTF-8",
        "MPLBACKEND": "agg",
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",  # Debian 12 has its shell in the last
        "PYTHONPATH": "/packages" if packages else "",
        "QEMU_CPU": "cortex-a72",  # without SVE, whose emulation makes OpenBLAS multiply matrices wrongly
        **variables,
    }
    inside = [f'cd {folder} && exec "$@"', "sh", *command]
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", f'{mounts} && exec chroot "$@"', "sh", str(root), "sh", "-c", *inside],
        env=settings,
        check=False,
    ).returncode


def requirements(*extras: str) -> list[str]:
    """Return what pyproject.toml asks for, with these extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted, lines = list(extras), list(project["dependencies"])
    for extra in wanted:
        for line in project["optional-dependencies"][extra]:
            if line.startswith("elman["):  # extras of our own; wanted grows while it is read
                wanted += line.removeprefix("elman[").removesuffix("]").split(",")
            else:
                lines.append(line)
    return lines


def wheels_for(cpu: str, python: str) -> list[str]:
    """Return the options of pip that choose ready wheels for another Python or CPU."""
    tags = [option for tag in TAGS for option in ("--platform", f"{tag}_{MACHINE[cpu]}")]
    return [*tags, "--python-version", python, "--implementation", "cp", "--only-binary=:all:"]


def pip(*arguments: str | Path) -> None:
    run(sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments)


def packages_for(cpu: str, python: str, *extras: str) -> Path:
    """Return a folder with what Elman needs, as wheels for this CPU unpacked by the pip of this machine."""
    folder = BUILD / f"packages-{cpu}-{python}"
    wanted = [line for line in requirements(*extras) if cpu != "arm64" or not line.startswith(NO_ARM_WHEEL)]
    stamp = folder / "complete"
    if not (stamp.is_file() and stamp.read_text().splitlines() == wanted):
        print(f"installing packages for {cpu}", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        pip("install", "--target", folder, "--no-compile", *wheels_for(cpu, python), *wanted)
        stamp.write_text("\n".join(wanted))
    return folder
