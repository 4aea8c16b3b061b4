/** Which side of a recording is given to which ear. The browser plays it as it is until somebody asks for less. */
import { onBeforeUnmount, reactive, watch, type Ref } from 'vue'

import { say } from '../saying'
import { earsOf, isHeard, type Channel, type Heard } from './playing'

export function useEars(player: Ref<HTMLAudioElement | null>) {
  const sides = reactive<Record<Channel, Heard>>({
    left: { muted: false, solo: false },
    right: { muted: false, solo: false },
  })
  let context: AudioContext | null = null
  let gains: Record<Channel, GainNode> | null = null
  let out: ChannelMergerNode | null = null

  async function lead(): Promise<void> {
    if (!context && player.value) {
      context = new AudioContext()
      const splitter = new ChannelSplitterNode(context, { numberOfOutputs: 2 })
      gains = { left: new GainNode(context), right: new GainNode(context) }
      out = new ChannelMergerNode(context, { numberOfInputs: 2 })
      context.createMediaElementSource(player.value).connect(splitter)
      splitter.connect(gains.left, 0)
      splitter.connect(gains.right, 1)
      out.connect(context.destination)
    }
    if (!gains || !out) return
    for (const channel of ['left', 'right'] as const) {
      gains[channel].disconnect()
      gains[channel].gain.value = isHeard(sides, channel) ? 1 : 0
      for (const ear of earsOf(sides, channel)) gains[channel].connect(out, 0, ear)
    }
    await context?.resume()
  }

  watch(sides, () => void lead().catch(say.fault))
  onBeforeUnmount(() => void context?.close())
  return { sides, heard: (channel: Channel): boolean => isHeard(sides, channel) }
}
