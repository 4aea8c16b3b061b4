"""Why the ACD did something, in plain words of both languages (ACD-07, "why?").

A decision carries a key and its figures, never a sentence: the page shows it in the reader's language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

WithdrawReason = Literal[
    "no_answer",
    "answered_elsewhere",
    "caller_left",
    "unreachable",
    "on_break",
    "signed_out",
    "in_a_call",
    "not_a_member",
    "queue_removed",
    "late",
    "call_back_failed",
    "moved",
]
"""Why a phone stops ringing. Only no_answer is the agent's miss."""

_TEXTS: Mapping[str, tuple[str, str]] = {
    # why this agent
    "longest_idle": (
        "{queue}：{free} 位空闲座席中，{agent} 空闲最久（{seconds:.0f} 秒）",
        "{queue}: {agent} has been idle longest ({seconds:.0f} s) of {free} free",
    ),
    "ring_all": ("{queue}：{free} 位空闲座席同时振铃", "{queue}: all {free} free agents ring together"),
    "round_robin": ("{queue}：轮到 {agent}（上一位是 {last}）", "{queue}: it is the turn of {agent}, after {last}"),
    "fewest_calls": (
        "{queue}：{free} 位空闲座席中，{agent} 接听最少（{calls} 个）",
        "{queue}: {agent} answered fewest calls ({calls}) of {free} free",
    ),
    "least_talk": (
        "{queue}：{free} 位空闲座席中，{agent} 通话最少（{seconds:.0f} 秒）",
        "{queue}: {agent} talked least ({seconds:.0f} s) of {free} free",
    ),
    "random": ("{queue}：从 {free} 位空闲座席中抽到 {agent}", "{queue}: {agent} was drawn from {free} free"),
    "skills": (
        "{queue}：{free} 位空闲座席中，{agent} 技能最高（合计 {level} 级）",
        "{queue}: {agent} is best at what is asked for (level {level}) of {free} free",
    ),
    "prefers": ("{queue}：{agent} 是该客户的专属或上次座席", "{queue}: {agent} is this customer's own or last agent"),
    "kept": ("回拨的客户已接通，为其保留的座席是 {agent}", "who was called back has answered; {agent} was kept"),
    # why a phone stops ringing
    "no_answer": ("振铃时间已到，无人接听", "the ring time is over and nobody answered"),
    "answered_elsewhere": ("已由其他座席接听", "another agent answered"),
    "caller_left": ("来电者已离开", "the caller left"),
    "unreachable": ("座席话机已离线", "the agent's phone cannot be reached any more"),
    "on_break": ("座席已示忙", "the agent went on break"),
    "signed_out": ("座席已签出", "the agent signed out"),
    "moved": ("来电已由班长移到别处", "a supervisor has moved the call elsewhere"),
    "in_a_call": ("座席已在另一通话中", "the agent is in another call"),
    "not_a_member": ("座席已不在该技能组", "the agent is not in this queue any more"),
    "queue_removed": ("该技能组已删除", "the queue was removed"),
    "late": ("振铃已取消后才接听", "the answer came after the offer was taken back"),
    "call_back_failed": ("回拨客户未接通", "who was to be called back was not reached"),
    # why a caller still waits
    "ringing": ("正在呼叫座席 {agents}", "agent {agents} is being rung"),
    "nobody_signed_in": ("没有座席签入", "no agent of the queue is signed in"),
    "nobody_reachable": (
        "{unreachable} 位座席的话机未注册",
        "the phones of all {unreachable} agents are not registered",
    ),
    "all_busy": (
        "前面还有 {ahead} 位；座席：通话 {talking}、振铃 {offered}、话后处理 {wrap_up}、示忙 {on_break}、"
        "话机离线 {unreachable}",
        "{ahead} ahead; agents: {talking} talking, {offered} being rung, {wrap_up} in wrap-up, {on_break} on break, "
        "{unreachable} without a phone",
    ),
    "waits_for_agent": (
        "在等待专属座席 {agent}，{seconds:.0f} 秒后由其他座席接听",
        "kept for agent {agent}; others are asked in {seconds:.0f} s",
    ),
    "nobody_able": ("签入的座席都不具备所需技能：{skills}", "no agent who is signed in has the skills: {skills}"),
    "refused_lately": (
        "空闲座席 {agents} 刚拒接过此来电，{seconds:.0f} 秒后再试",
        "free agent {agents} has just refused this call; tried again in {seconds:.0f} s",
    ),
}

KEYS = frozenset(_TEXTS)


@dataclass(frozen=True, slots=True)
class Reason:
    """key: one of KEYS. values: the figures of the sentence."""

    key: str
    values: Mapping[str, str | int | float]

    def text(self, language: str = "en") -> str:
        """One sentence; Chinese for any "zh…", English for everything else."""
        return text(self.key, language, **self.values)

    def __str__(self) -> str:
        return self.text()


def text(key: str, language: str, **values: str | int | float) -> str:
    chinese, english = _TEXTS[key]
    return (chinese if language.startswith("zh") else english).format(**values)
