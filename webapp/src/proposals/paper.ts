/**
 * A proposal's HTML as elements of ours: it is read, and what it may have is made anew. Nothing of it is put into the
 * page as it came, so that whatever stands in it does nothing.
 */
import { h, type VNode } from 'vue'

const ELEMENTS = new Set(['p', 'strong', 'em', 's', 'ul', 'ol', 'li', 'hr', 'br', 'blockquote'])
const OF_TABLES = new Set(['table', 'thead', 'tbody', 'tr', 'th', 'td'])
const CLASSES = new Set(['right', 'center'])

function made(node: Node): (VNode | string)[] {
  if (node.nodeType === Node.TEXT_NODE) return [node.textContent ?? '']
  if (!(node instanceof Element)) return []
  const tag = node.tagName.toLowerCase()
  const within = [...node.childNodes].flatMap(made)
  // A heading of the paper is none of the page's.
  if (/^h[1-6]$/.test(tag)) return [h('p', { class: tag }, within)]
  if (!ELEMENTS.has(tag) && !OF_TABLES.has(tag)) return within
  const side = node.getAttribute('class') ?? ''
  const start = tag === 'ol' ? node.getAttribute('start') : null
  const ours = { class: CLASSES.has(side) ? side : undefined, start: start && /^\d+$/.test(start) ? start : undefined }
  return [h(tag, ours, within)]
}

export function elementsOf(html: string): (VNode | string)[] {
  return [...new DOMParser().parseFromString(html, 'text/html').body.childNodes].flatMap(made)
}
