"""Puts the jar into the wheel; pyproject.toml says all the rest."""

import subprocess
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
JAR = ROOT / "target" / "sparkflow.jar"
BUILD = [str(ROOT / "build" / "sbt"), "-warn", "package"]


def jar_is_current() -> bool:
    """Whether target/sparkflow.jar is there and no older than what it is built from."""
    if not JAR.is_file():
        return False
    patterns = (
        "scala/src/main/**/*.scala",
        "python/sparkflow/**/*.py",
        "python/sparkflow/VERSION",
        "build.sbt",
    )
    newest = max(source.stat().st_mtime for pattern in patterns for source in ROOT.glob(pattern))
    return JAR.stat().st_mtime >= newest


class BuildWithJar(build_py):
    """Builds the jar if it is missing or old, and packs it as sparkflow/jars/sparkflow.jar."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:  # a checkout finds target/sparkflow.jar by itself
            return
        if not jar_is_current():
            try:
                subprocess.run(BUILD, cwd=ROOT, check=True)
                JAR.touch()  # sbt leaves a jar alone whose content would be the same
            except (OSError, subprocess.CalledProcessError) as e:
                raise SystemExit(
                    f"the wheel needs target/sparkflow.jar, and building it failed ({e}):"
                    " install Java 17 or newer, run build/sbt package, then pip install . again"
                ) from e
        packed = Path(self.build_lib, "sparkflow", "jars", "sparkflow.jar")
        packed.parent.mkdir(parents=True, exist_ok=True)
        self.copy_file(str(JAR), str(packed))


# build/ holds the launcher of the Scala build, so setuptools works in target/.
setup(cmdclass={"build_py": BuildWithJar}, options={"build": {"build_base": "target/python"}})
