/** A text that fields of a record are put into, where the cursor stands. */
import { nextTick, useTemplateRef, type Ref } from 'vue'

import { withField } from '../proposals/model'

/** area: the ref of the el-input that the text is typed in. */
export function useInserting(area: string, text: Ref<string>): (name: string) => Promise<void> {
  const typed = useTemplateRef<{ textarea?: HTMLTextAreaElement }>(area)
  return async function insert(name) {
    const field = typed.value?.textarea
    const from = field?.selectionStart ?? text.value.length
    const put = withField(text.value, name, from, field?.selectionEnd ?? from)
    text.value = put.text
    await nextTick()
    field?.focus()
    field?.setSelectionRange(put.at, put.at)
  }
}
