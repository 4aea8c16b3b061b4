/** Where nodes stand: own arrangement where there is one, else by dagre, from left to right. */
import { graphlib, layout } from '@dagrejs/dagre'

import type { Places } from '../model'

export const WIDTH = 230
const HEAD = 62
const ROW = 24

export interface Box {
  name: string
  exits: { to: string }[]
}

export const heightOf = (box: Box): number => HEAD + ROW * (box.exits.length + 1)

/** Every box gets a place. Those that were moved by hand stay where they are; the others do not care about them. */
export function arranged(boxes: readonly Box[], own: Places): Places {
  const graph = new graphlib.Graph()
  graph.setGraph({ rankdir: 'LR', nodesep: 28, ranksep: 90, marginx: 20, marginy: 20 })
  graph.setDefaultEdgeLabel(() => ({}))
  const names = new Set(boxes.map((box) => box.name))
  for (const box of boxes) graph.setNode(box.name, { width: WIDTH, height: heightOf(box) })
  for (const box of boxes) for (const exit of box.exits) if (names.has(exit.to)) graph.setEdge(box.name, exit.to)
  layout(graph)
  return Object.fromEntries(
    boxes.map((box) => {
      const { x, y } = graph.node(box.name) as { x: number; y: number }
      return [box.name, own[box.name] ?? [Math.round(x - WIDTH / 2), Math.round(y - heightOf(box) / 2)]]
    }),
  )
}
