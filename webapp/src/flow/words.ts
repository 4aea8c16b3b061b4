/** What is shown of a node in a line: the first words of what it says or does. */
import type { FlowNode } from '../model'

const MOST = 42

export function summary(node: FlowNode, kind: string): string {
  const main = node[kind]
  const inner = typeof main === 'object' && main !== null && !Array.isArray(main) ? Object.values(main)[0] : main
  const said = inner === undefined || inner === null ? '' : typeof inner === 'string' ? inner : JSON.stringify(inner)
  return said.length > MOST ? `${said.slice(0, MOST)}…` : said
}
