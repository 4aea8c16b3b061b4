"""language: the caller is spoken to in another language."""

from __future__ import annotations

from callcenterd.ivr.node import Exits, FlowCall, Node, NodeName, Tag, Walk, node, present


@node("language", zh="切换语言，之后的提示都用这种语言。", en="Speak another language to the caller from here on.")
class Language(Node):
    """language: zh-CN, en … The house's own words and recordings follow; the flow's texts are read as they stand."""

    language: Tag
    next: NodeName | None = None

    async def run(self, call: FlowCall, walk: Walk) -> NodeName | None:
        walk.language = self.language
        walk.variables["language"] = self.language
        call.speak(self.language)
        return self.next

    def lets_keys_pass(self) -> bool:
        return True

    def exits(self) -> Exits:
        return present(next=self.next)
