"""The pages of documentation: their commands, their YAML and the names in them."""

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "workflow/docs").glob("*.md"))]
FENCE = re.compile(r"(?ms)^```(\w*)\n(.*?)^```$")
COMMAND = re.compile(r"(?:\w+=\S+ )*(?:make|\.venv/bin/\w+) ?.*")


def fenced(page, language):
    """Return the fenced blocks of a language."""
    return [text for name, text in FENCE.findall(page.read_text()) if name == language]


def inline(page):
    """Return what stands between single backquotes."""
    return re.findall(r"`([^`\n]+)`", FENCE.sub("", page.read_text()))


def commands(page):
    """Return every command, indented, fenced or inline, as (variables, words)."""
    text = page.read_text().replace("\\\n", " ")
    lines = [line.strip() for line in re.findall(r"(?m)^(?:    |\t).*$", FENCE.sub("", text))]
    lines += [line for block in fenced(page, "") for line in block.splitlines()]
    lines += inline(page)
    return [_words(line) for line in lines if COMMAND.fullmatch(line)]


def _words(line):
    words = shlex.split(line, comments=True)
    first = next(number for number, word in enumerate(words) if "=" not in word)
    return words[:first], words[first:]


def called(program):
    """Return the words of every command of all pages that calls a program."""
    return [
        words for page in PAGES for _, words in commands(page) if Path(words[0]).name == program
    ]
