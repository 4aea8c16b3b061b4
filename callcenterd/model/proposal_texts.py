"""The text with which an office begins its first template of proposals; it changes it as it likes."""

from __future__ import annotations

from callcenterd.model.proposals import ProposalWords

EXAMPLE = ProposalWords(
    name_zh="服务方案建议书",
    name_en="Proposal of a service plan",
    text_zh="""# {proposal.title}

编号：{proposal.number}（第 {proposal.version} 版）　　日期：{date}

尊敬的**{customer.name}**：

感谢您与{office.name}联系。根据您的需要，我们为您准备了以下方案，请您过目。

## 一、服务内容

1. 服务项目：
2. 服务时间：
3. 服务地点：{customer.address}

## 二、费用

| 项目 | 数量 | 单价（元） | 小计（元） |
| :--- | ---: | ---: | ---: |
|  |  |  |  |
| **合计** |  |  |  |

## 三、说明

- 本方案自发出之日起三十日内有效。
- 如有疑问，请致电 {office.phone}，或与{agent.name}（分机 {agent.extension}）联系。

---

{office.name}
{office.address}
""",
    text_en="""# {proposal.title}

Number {proposal.number}, version {proposal.version}, {date}

Dear **{customer.name}**,

thank you for getting in touch with {office.name}. This is what we propose.

## 1. What we do

1. Service:
2. When:
3. Where: {customer.address}

## 2. What it costs

| Item | Number | Price | Sum |
| :--- | ---: | ---: | ---: |
|  |  |  |  |
| **Total** |  |  |  |

## 3. Good to know

- This proposal holds for thirty days.
- Do ask us if anything is unclear: {office.phone}, or {agent.name}, extension {agent.extension}.

---

{office.name}
{office.address}
""",
)
