/** What a RecordTable is told of its columns and rows. */

/** One column. What stands in its cells is `text`, or what the slot of its name draws. */
export interface Column<Row> {
  name: string
  label: string
  /** Pixels. The one without it takes what the others leave. */
  width?: number
  text?: (row: Row) => string
  /** Shown where the mouse rests, since a cell may be too narrow; true: its text. */
  title?: true | ((row: Row) => string)
  /** Digits stand below one another. */
  number?: boolean
}

/** What a row says of itself: its label, to whoever hears the page; its class; and what tests find it by. */
export interface About {
  label: string
  class?: string
  [attribute: `data-${string}`]: string | number
}
