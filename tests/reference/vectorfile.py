"""The form of a vector: "# what it is about", then lines of "key: value". A key may repeat."""
from pathlib import Path

VECTORS = Path(__file__).resolve().parent.parent / "vectors"


def render(about: str, rows: list[tuple[str, object]]) -> str:
    text = [f"# {about}"]
    for key, value in rows:
        text.append(f"{key}: {value.hex() if isinstance(value, bytes) else value}".rstrip())
    return "\n".join(text) + "\n"


class Vector:
    def __init__(self, path: Path):
        self.name, self.about, self.rows = f"{path.parent.name}/{path.stem}", "", []
        for line in path.read_text().splitlines():
            if line.startswith("# "):
                self.about = line[2:]
            else:
                key, _, value = line.partition(":")
                self.rows.append((key, value.strip()))

    def all(self, key: str) -> list[str]:
        return [v for k, v in self.rows if k == key]

    def has(self, key: str) -> bool:
        return any(k == key for k, _ in self.rows)

    def get(self, key: str, default: str = "") -> str:
        return next(iter(self.all(key)), default)

    def hex(self, key: str) -> bytes:
        return bytes.fromhex(self.get(key))


def publish(topic: str, files: dict[str, str], check: bool) -> int:
    """Writes the vectors of a topic; with `check` it compares them only. Returns the exit code."""
    folder, differing = VECTORS / topic, []
    for name, content in files.items():
        path = folder / f"{name}.txt"
        if not check:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        elif not path.exists() or path.read_text() != content:
            differing.append(f"{topic}/{name} is not what is made")
    differing += [f"{topic}/{p.stem} is made by nothing" for p in folder.glob("*.txt") if p.stem not in files]
    print("\n".join(differing) or f"{len(files)} vectors in {topic}")
    return 1 if differing else 0


def read_topic(topic: str) -> list[Vector]:
    return [Vector(p) for p in sorted((VECTORS / topic).glob("*.txt"))]
