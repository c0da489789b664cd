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


def read_topic(topic: str) -> list[Vector]:
    return [Vector(p) for p in sorted((VECTORS / topic).glob("*.txt"))]
