"""What the body of one function says about its names, collected while it is lowered."""

from __future__ import annotations

from dataclasses import dataclass, field

from tapelint.analysis import ir


@dataclass(slots=True)
class Scope:
    """What a function's body has told about its names so far."""

    bound: set[str] = field(default_factory=set)
    global_names: set[str] = field(default_factory=set)
    nonlocal_names: set[str] = field(default_factory=set)
    is_generator: bool = False

    def bind(self, target: ir.Expr) -> None:
        """Note the names that an assignment to `target` binds."""
        match target:
            case ir.Name():
                self.bound.add(target.id)
            case ir.Display():
                for element in target.elements:
                    self.bind(element)
            case ir.Starred():
                self.bind(target.value)

    def function(
        self,
        *,
        at: ir.Place,
        name: str,
        parameters: tuple[ir.Parameter, ...],
        body: tuple[ir.Stmt, ...],
        returns: ir.Expr | None = None,
        is_async: bool = False,
        is_lambda: bool = False,
    ) -> ir.Function:
        """Build the function whose body this scope has seen."""
        bound = self.bound.union(parameter.name for parameter in parameters)
        return ir.Function(
            at=at,
            name=name,
            parameters=parameters,
            body=body,
            returns=returns,
            local_names=frozenset(bound - self.global_names - self.nonlocal_names),
            global_names=frozenset(self.global_names),
            nonlocal_names=frozenset(self.nonlocal_names),
            is_async=is_async,
            is_generator=self.is_generator,
            is_lambda=is_lambda,
        )
