"""The systems of one modality after Krishna and Patil, by hand: frames hear each other before they are pooled."""

import torch
from stand_ins import small_system, utterances

INPUTS = utterances((2_000, 400, 6_000), (4, 1, 9))


def pooled(utterance):
    return torch.cat([utterance.mean(0), (utterance.var(0, unbiased=False) + 1e-8).sqrt()])


def attended(block, H):
    """Pre-normalised attention with a residual, then a pre-normalised feed-forward sublayer with its own."""
    query, key = block.query_norm(H), block.key_norm(H)
    attention = block.attention
    q, k, v = attention.query(query), attention.key(key), attention.value(key)
    size = q.shape[1] // attention.num_heads
    heads = [slice(at, at + size) for at in range(0, q.shape[1], size)]
    weights = [torch.softmax(q[:, one] @ k[:, one].T / size**0.5, dim=1) for one in heads]
    answer = H + attention.output(torch.cat([w @ v[:, one] for w, one in zip(weights, heads, strict=True)], dim=1))
    return answer + block.feed_forward.layers(answer)


def test_audio_by_hand():
    system = small_system("demo-self-attention-audio").eval()
    convolved = system.frames.convolutions(system.audio_encoder(INPUTS.waveforms)).unpack()
    H = [system.frames.blstm.lstm(one)[0] for one in convolved]
    rows = torch.stack([pooled(attended(system.self_attention.block, one)) for one in H])
    torch.testing.assert_close(system(INPUTS), system.classifier(rows), atol=1e-5, rtol=1e-5)


def test_text_by_hand():
    system = small_system("demo-self-attention-text").eval()
    rows = []
    for ids in INPUTS.tokens:
        H = system.blstm.lstm(system.text_encoder.table(ids))[0]
        rows.append(pooled(attended(system.self_attention.block, H)))
    torch.testing.assert_close(system(INPUTS), system.classifier(torch.stack(rows)), atol=1e-5, rtol=1e-5)
