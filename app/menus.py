"""Menus, and which actions are there in which workspace, made from the table of actions."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QMenuBar

from app.actions import ACTIONS, Action
from app.settings import THEMES, WORKSPACES


def make_action(data: Action, parent: QObject) -> QAction:
    action = QAction(data.text, parent, checkable=data.checkable)
    action.setShortcuts(data.shortcuts)
    action.setToolTip(data.tooltip())
    action.setStatusTip("")
    return action


def make_groups(actions: Mapping[str, QAction], parent: QObject) -> dict[str, QActionGroup]:
    """The actions of each workspace: what is not there has no key and stands in no menu."""
    groups = {}
    for name in WORKSPACES:
        groups[name] = QActionGroup(parent)
        groups[name].setExclusionPolicy(QActionGroup.ExclusionPolicy.None_)
        for data in ACTIONS:
            if data.panel == name:
                groups[name].addAction(actions[data.id])
    return groups


def make_menus(bar: QMenuBar, actions: Mapping[str, QAction]) -> list[QMenu]:
    menus: dict[str, QMenu] = {}
    for data in ACTIONS:
        top, _, sub = data.menu.partition("/")
        menu = menus.get(top) or menus.setdefault(top, bar.addMenu(top))
        if sub:
            menu = menus.get(data.menu) or menus.setdefault(data.menu, menu.addMenu(sub))
        if data.separated:
            menu.addSeparator()
        menu.addAction(actions[data.id])
    for names in ([f"theme-{theme}" for theme in THEMES], [f"work-{name}" for name in WORKSPACES]):
        group = QActionGroup(bar)
        for name in names:
            group.addAction(actions[name])
    return list(menus.values())
