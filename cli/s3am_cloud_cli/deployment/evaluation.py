"""A template as CloudFormation resolves it for given parameters, as far as that can be known beforehand."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_NOTHING = {"Ref": "AWS::NoValue"}
_PLACE = re.compile(r"\$\{([^}!]+)\}")
# About as long as the names and ARNs that CloudFormation gives to what it makes.
_UNKNOWN = "x" * 100


class Evaluation:
    """`values` are parameters and pseudo parameters by their names; what only a deployment knows is a filler."""

    def __init__(self, template: Mapping[str, Any], values: Mapping[str, str]) -> None:
        defaults = {name: str(each.get("Default", "")) for name, each in template.get("Parameters", {}).items()}
        self._lists = {
            name for name, each in template.get("Parameters", {}).items() if each["Type"] == "CommaDelimitedList"
        }
        self._values = {**defaults, **values}
        self._conditions: Mapping[str, Any] = template.get("Conditions", {})

    def resolve(self, value: Any) -> Any:
        """`value` with every function replaced by what it gives."""
        if isinstance(value, list):
            return [self.resolve(each) for each in value if each != _NOTHING and not self._is_nothing(each)]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            name, argument = next(iter(value.items()))
            if name in _FUNCTIONS:
                return _FUNCTIONS[name](self, argument)
        return {name: self.resolve(each) for name, each in value.items()}

    def holds(self, condition: str) -> bool:
        return bool(self.resolve(self._conditions[condition]))

    def _is_nothing(self, value: Any) -> bool:
        """An If whose chosen side is nothing at all, which leaves no item in a list."""
        return isinstance(value, dict) and "Fn::If" in value and self._chosen(value["Fn::If"]) == _NOTHING

    def _chosen(self, argument: list[Any]) -> Any:
        return argument[1] if self.holds(argument[0]) else argument[2]

    def _ref(self, name: str) -> Any:
        value = self._values.get(name, _UNKNOWN)
        return value.split(",") if name in self._lists else value

    def _if(self, argument: list[Any]) -> Any:
        return self.resolve(self._chosen(argument))

    def _join(self, argument: list[Any]) -> str:
        return str(argument[0]).join(map(str, self.resolve(argument[1])))

    def _split(self, argument: list[Any]) -> list[str]:
        return str(self.resolve(argument[1])).split(argument[0])

    def _sub(self, text: str) -> str:
        return _PLACE.sub(lambda found: str(self._values.get(found[1], _UNKNOWN)), text)

    def _equals(self, argument: list[Any]) -> bool:
        first, second = map(self.resolve, argument)
        return str(first) == str(second)

    def _not(self, argument: list[Any]) -> bool:
        return not self.resolve(argument[0])

    def _and(self, argument: list[Any]) -> bool:
        return all(map(self.resolve, argument))

    def _unknown(self, argument: object) -> str:
        return _UNKNOWN


_FUNCTIONS: Mapping[str, Callable[[Evaluation, Any], Any]] = {
    "Ref": Evaluation._ref,
    "Condition": Evaluation.holds,
    "Fn::If": Evaluation._if,
    "Fn::Join": Evaluation._join,
    "Fn::Split": Evaluation._split,
    "Fn::Sub": Evaluation._sub,
    "Fn::Equals": Evaluation._equals,
    "Fn::Not": Evaluation._not,
    "Fn::And": Evaluation._and,
    "Fn::GetAtt": Evaluation._unknown,
}
