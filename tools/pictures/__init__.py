"""Takes the pictures of the documents anew: `make screenshots`, into docs/images.

An office of its own in a temporary folder for each language, with scripted phones and real calls, and what a browser
shows of it. `words` has what stands in both languages, `scenery` the office and its customers, `office` the calls,
`records` what people write down, `album` which pages are photographed, and by whom.
"""
