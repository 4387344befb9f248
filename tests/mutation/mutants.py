"""Small mistakes put into a module, one at a time: each is a program that tests should refuse."""

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

SWAPS = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Div,),
    ast.Mod: (ast.Mult,),
    ast.Pow: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
}
"""What comparisons, arithmetic and logic become."""

SAID = (ast.JoinedStr, ast.Raise)
"""What is only said: its words are no mathematics."""

TELLING = 25
"""Least length of the text by which a mutant is known."""


@dataclass(frozen=True)
class Mutant:
    """A mistake.

    Attributes
    ----------
    name : str
        Where it is and what was changed, without line numbers: it outlives edits elsewhere.
    source : str
        The whole module with it.
    """

    name: str
    source: str


def mutants(source: str) -> list[Mutant]:
    """Return every mutant of a module, in the order of its lines."""
    tree = ast.parse(source)
    found, seen = [], Counter()
    for path in _sites(tree, (tree,)):
        for new in _alternatives(path[-1]):
            name = _name(path, new)
            seen[name] += 1
            name += f" ({seen[name]})" if seen[name] > 1 else ""
            found.append(Mutant(name, ast.unparse(_with(tree, path[-1], new))))
    return found


def _sites(node: ast.AST, path: tuple) -> Iterator[tuple]:
    """Yield what may be changed, with all that it lies in: the path from the module to it."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(child, SAID) or _logs(child):
                continue
            yield (*path, child)
            yield from _sites(child, (*path, child))


def _logs(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and ast.unparse(node).startswith("logger.")


def _alternatives(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand in the place of a node."""
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            for swapped in SWAPS[type(operator)]:
                ops = [*node.ops[:place], swapped(), *node.ops[place + 1 :]]
                yield ast.Compare(node.left, ops, node.comparators)
    elif isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign):
        for swapped in SWAPS.get(type(node.op), ()):
            yield _changed(node, op=swapped())
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield ast.Constant(node.value + 1)
    elif isinstance(node, ast.Return) and ast.unparse(node) not in ("return", "return None"):
        yield ast.Return(ast.Constant(None))
    elif isinstance(node, ast.Slice):
        for bound in ("lower", "upper", "step"):
            if getattr(node, bound) is not None:
                yield _changed(node, **{bound: None})
    elif isinstance(node, ast.If | ast.IfExp | ast.While) and isinstance(
        node.test, ast.Call | ast.Name | ast.Attribute
    ):
        yield _changed(node, test=ast.UnaryOp(ast.Not(), node.test))


def _changed(node: ast.AST, **fields) -> ast.AST:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _with(tree: ast.AST, old: ast.AST, new: ast.AST) -> ast.AST:
    """Return a copy of a tree in which one node is another."""
    copied = copy.deepcopy(tree, {id(old): new})
    return ast.fix_missing_locations(copied)


def _name(path: tuple, new: ast.AST) -> str:
    """Return the function, and the least text around the change that tells where it is."""
    kinds = (ast.FunctionDef, ast.ClassDef)
    place = ".".join(each.name for each in path if isinstance(each, kinds)) or "module"
    for around in reversed(path):
        text = ast.unparse(around).splitlines()[0]
        if len(text) >= TELLING or isinstance(around, ast.stmt):
            break
    after = ast.unparse(_with(around, path[-1], new)).splitlines()[0]
    return f"{place}: {text} -> {after}"
