/** Prompts as the page sorts them. */
import type { Prompt, PromptDraft } from '../model'

/** What the system says by itself, and nobody else plays or has recorded: most of the list, and seldom looked for. */
export function isHouseOnly(prompt: Prompt): boolean {
  return prompt.file === '' && prompt.versions === 0 && prompt.uses.length > 0 && prompt.uses.every((use) => use.where === 'house')
}

/** Every word is somewhere in its name, its text, or where it is used. */
export function fits(prompt: Prompt, search: string): boolean {
  const said = [prompt.name, prompt.text, prompt.instead, ...prompt.uses.flatMap((use) => [use.name, use.node])]
  const text = said.join(' ').toLowerCase()
  return search.toLowerCase().split(/\s+/).every((word) => text.includes(word))
}

/** What a draft is likely to be called: as what it replaces, or as its file, without what no name may have. */
export function draftNames(
  draft: PromptDraft,
  target: Pick<Prompt, 'name' | 'language'> | null,
): { name: string; language: string } {
  if (target) return { name: target.name, language: target.language }
  const stem = draft.name.replace(/\.[^.]*$/, '').normalize('NFKC')
  const name = stem.replace(/[^\p{L}\p{N}_-]+/gu, '_').replace(/^[-_]+|[-_]+$/g, '')
  return { name: name.slice(0, 64), language: draft.language || 'zh-CN' }
}
