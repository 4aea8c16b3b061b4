"""Values read aloud by rule: numbers, digits, money, dates, times, durations and places in an order, word by word.

A value becomes a few words of a small vocabulary (`vocabulary` lists it). Each word is read aloud once and kept, so
that no engine has to speak while a caller waits; an office may record them itself (`model.prompts.Word`).
"""
