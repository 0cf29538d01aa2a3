"""The benchmarks measure what they say: turns, ratios, operations, errors, the same answers from every contender."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import Adam
from torch.utils.flop_counter import FlopCounterMode
from transformers import WavLMConfig, WavLMModel

from emoduet.benchmarking import footprint, frozen, inference, timing
from emoduet.benchmarking.encoders import audio_config, text_config, write_encoders
from emoduet.benchmarking.fine_tuning import (
    CNN_GIVEN,
    ONE_BY_ONE,
    PACKED,
    PADDED,
    PADDED_FUSED,
    SORTED,
    Bench,
    batches_of,
    measure_fine_tuning,
    padding_pair,
)
from emoduet.benchmarking.flops import audio_flop, frames_after, pair_flop, transformer_flop
from emoduet.benchmarking.frozen import measure_frozen
from emoduet.benchmarking.peak import LITTLE_SHAPES, cpu_model, describe_machine, measure_peak, products
from emoduet.benchmarking.suite import Suite, run_suite
from emoduet.benchmarking.workload import (
    Spoken,
    Workload,
    corpus_seconds,
    make_workload,
    read_utterances,
    representative,
)
from emoduet.errors import UsageError
from emoduet.nn.linear import linear, live, onednn_works
from emoduet.pretrained.encoders import AudioEncoderBase

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return write_encoders(tmp_path_factory.mktemp("encoders"), "small")


@pytest.fixture(scope="module")
def work() -> Workload:
    """Eight short utterances."""
    return make_workload([Spoken(0.3 + 0.1 * number, 3 + number) for number in range(8)], vocab_size=1000)


# The list


def test_the_list_has_iemocaps_published_aggregates():
    utterances = read_utterances()
    seconds = np.array([one.duration for one in utterances])
    words = np.array([one.num_words for one in utterances])
    assert len(utterances) == 5531
    assert (seconds.min(), seconds.max()) == (0.58, 34.1)
    assert seconds.mean() == pytest.approx(4.5, abs=0.01) and seconds.std() == pytest.approx(3.0, abs=0.02)
    assert (words.min(), words.max()) == (1, 98)
    assert words.mean() == pytest.approx(11.6, abs=0.1)
    assert np.corrcoef(seconds, words)[0, 1] > 0.8
    assert corpus_seconds() == pytest.approx(seconds.sum())


def test_the_list_is_in_random_order():
    seconds = np.array([one.duration for one in read_utterances()])
    assert abs(np.corrcoef(seconds[:-1], seconds[1:])[0, 1]) < 0.04


def test_few_utterances_stand_for_all():
    few = representative(read_utterances(), 32)
    assert np.mean([one.duration for one in few]) == pytest.approx(4.5, rel=0.05)
    assert [one.duration for one in few] != sorted(one.duration for one in few)
    assert few == representative(read_utterances(), 32)


def test_all_utterances_stand_for_themselves():
    spoken = [Spoken(3.0, 1), Spoken(1.0, 2), Spoken(2.0, 3)]
    assert sorted(one.duration for one in representative(spoken, 99)) == [1.0, 2.0, 3.0]


def test_a_sorted_workload_keeps_each_sound_with_its_words():
    spoken = [Spoken(seconds, words) for seconds, words in ((3.0, 9), (1.0, 2), (2.0, 5))]
    work = make_workload(spoken, vocab_size=100)
    by_length = work.sorted()
    assert [len(sound) for sound in by_length.waveforms] == [16_000, 32_000, 48_000]
    for place, number in enumerate((1, 2, 0)):
        assert by_length.tokens[place].equal(work.tokens[number])


def test_a_workload_is_as_long_as_its_utterances():
    work = make_workload([Spoken(0.5, 4), Spoken(1.0, 10)], vocab_size=50)
    assert [len(sound) for sound in work.waveforms] == [8000, 16000]
    assert [len(ids) for ids in work.tokens] == [7, 14]  # 1.25 a word (12.5 goes to the even number), and two
    assert work.audio_seconds == 1.5
    assert all(int(ids.max()) < 50 for ids in work.tokens)
    assert float(work.waveforms[1].std()) == pytest.approx(1.0, abs=1e-3)


# Operations


def test_operations_of_the_papers_encoders_on_four_and_a_half_seconds():
    config = audio_config("large")
    assert audio_flop(config, 72_000) / 1e9 == pytest.approx(166, abs=0.5)
    assert transformer_flop(text_config("base"), 17) / 1e9 == pytest.approx(2.9, abs=0.05)


def test_operations_are_those_that_torch_counts(folders, work):
    pair = inference.load_pair(folders)
    pair._attend("eager")
    with FlopCounterMode(display=False) as counted, torch.no_grad():
        pair.audio(work.waveforms[0][None])
        pair.text(work.tokens[0][None])
    formula = pair_flop(*folders.configs, [len(work.waveforms[0])], [len(work.tokens[0])])
    assert formula == pytest.approx(counted.get_total_flops(), rel=0.01)


def test_frames_are_those_of_the_encoder(folders):
    model = inference.load_pair(folders).audio
    assert frames_after(model.config, 72_000)[-1] == 224
    assert inference.num_frames(model, 5000) == model(torch.randn(1, 5000)).last_hidden_state.shape[1]


# Turns


def ticking(*moments: float):
    """A clock that says these moments, one a call."""
    return iter(moments).__next__


def test_contenders_take_turns_after_warming_up():
    told, ran = [], []
    contenders = [timing.Contender(name, lambda name=name: ran.append(name) or len(ran)) for name in "AB"]
    clock = ticking(0, 0, 10, 13, 20, 24, 30, 35, 40, 46)  # the two that warm up ask only when they begin
    seconds, answers = timing.take_turns(contenders, 2, CPU, lambda *news: told.append(news), clock)
    assert ran == ["A", "B"] * 3
    assert seconds == {"A": (3, 5), "B": (4, 6)}
    assert answers == {"A": 1, "B": 2}
    assert told[0] == ("A", 0, 6) and told[-1] == ("B", 5, 6)


def test_a_ratio_is_taken_round_by_round():
    ratio = timing.times_as_fast((1.0, 10.0, 2.0), (4.0, 10.0, 4.0))
    assert ratio == timing.Spread(2.0, 1.0, 4.0)  # that of the medians would be 2, of the sums 18 / 13


def test_ratios_to_what_was_not_run_are_left_out():
    seconds = {"ours": (1.0,), "theirs": (3.0,)}
    assert timing.ratios_to({"x theirs": "theirs", "x gone": "gone"}, seconds, "ours") == {
        "x theirs": timing.Spread(3.0, 3.0, 3.0)
    }


def test_throughput_by_hand():
    figures = inference.throughput(seconds=2.0, audio_seconds=10.0, flop=3e9, peak=6e9)
    assert figures == {"RTFx": 5.0, "% of peak": 25.0, "corpus s": pytest.approx(corpus_seconds() / 5)}


def test_a_relative_error_by_hand():
    reference = ([torch.tensor([[3.0, 4.0]])], [torch.tensor([[1.0]])])
    assert inference.relative_error(reference, reference) == 0
    assert inference.relative_error(([torch.tensor([[3.0, 3.5]])], [torch.tensor([[1.0]])]), reference) == 0.1
    assert inference.relative_error(([torch.tensor([[3.0, 4.0]])], [torch.tensor([[0.5]])]), reference) == 0.5


# Inference


def test_every_contender_gives_the_same_answers(folders, work):
    contenders = [
        *inference.transformers_contenders(folders, work, CPU),
        *inference.emoduet_contenders(folders, work, CPU),
        timing.Skipped("a stranger", "not installed"),
    ]
    section = inference.measure_inference(contenders, folders, work, 1, 1e9, CPU)
    rows = {row.name: row for row in section.rows}
    assert rows.pop("a stranger") == timing.Row("a stranger", skipped="not installed")
    rows.pop("emoduet, packed, int8")
    assert len(rows) == 7 + onednn_works()
    assert all(row.figures["relative error"] < 1e-5 for row in rows.values())
    assert rows[inference.ONE_BY_ONE].ratios["x one by one"].median == 1
    assert rows["emoduet, packed"].ratios.keys() == {"x one by one", "x eager batches"}
    assert "8 utterances, 5.2 s of sound" in section.notes[0]


def test_answers_of_sorted_batches_come_in_the_workloads_order(folders, work):
    pair = inference.load_pair(folders)
    with torch.no_grad():
        lengths = [len(frames) for frames in pair.in_batches(work, "sdpa", in_order=True)[0]]
    assert lengths == [frames_after(folders.configs[0], len(sound))[-1] for sound in work.waveforms]


def test_transformers_with_emoduets_products_is_the_same_modules(folders, work, monkeypatch):
    multiplied = []

    def counted(rows: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        multiplied.append(weight)
        return linear(rows, weight, bias)

    monkeypatch.setattr(inference, "linear", counted)
    pair = inference.load_pair(folders)
    with torch.no_grad():
        ours = pair.by_onednn(work)
        layers = [one for model in (pair.audio, pair.text) for one in model.modules() if isinstance(one, nn.Linear)]
        assert {weight.data_ptr() for weight in multiplied} <= {one.weight.data_ptr() for one in layers}
        assert len(multiplied) >= 8 * (len(layers) - 1)  # BERT's pooler may be left out
        multiplied.clear()
        assert inference.relative_error(ours, pair.one_by_one(work)) < 1e-5
    assert not multiplied


def test_products_by_onednn_are_a_row_only_where_onednn_works(folders, work, monkeypatch):
    monkeypatch.setattr(inference, "onednn_works", lambda: False)
    assert inference.BY_ONEDNN not in [one.name for one in inference.transformers_contenders(folders, work, CPU)]
    monkeypatch.setattr(inference, "onednn_works", lambda: True)
    assert inference.BY_ONEDNN in [one.name for one in inference.transformers_contenders(folders, work, CPU)]


def test_int8_that_cannot_be_is_a_row_with_its_reason(folders, work, monkeypatch):
    monkeypatch.setattr("emoduet.nn.int8.why_not_int8", lambda: "a CPU of another kind")
    found = list(inference.emoduet_contenders(folders, work, CPU))
    assert [type(one) for one in found] == [timing.Contender, timing.Contender, timing.Skipped]
    reason = "int8 needs a CPU of another kind. Take precision fp32"
    assert found[-1] == timing.Skipped("emoduet, packed, int8", reason)


def test_a_way_that_cannot_be_says_so():
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    wavlm = AudioEncoderBase(WavLMModel(WavLMConfig(**sizes, conv_dim=[16] * 7)), normalise=True)
    assert "no packed form" in inference.compute_with([wavlm], live)


def test_bf16_is_only_where_a_device_for_it_is_given():
    def dtype() -> torch.dtype:
        return nn.functional.linear(torch.ones(1, 1), torch.ones(1, 1)).dtype

    assert inference.without_gradient(dtype)() == torch.float32
    assert inference.without_gradient(dtype, bf16_on=CPU)() == torch.bfloat16


# Training


def test_a_fine_tuning_step_is_the_same_in_every_way(folders, work):
    section = measure_fine_tuning(folders, work, 3, CPU)
    rows = {row.name: row for row in section.rows}
    assert section.notes[0].startswith(
        "Random batches of 8, unless sorted by length; 1 step a round, 5.2 s of sound a step; "
    )
    assert list(rows) == [PADDED, PADDED_FUSED, SORTED, ONE_BY_ONE, PACKED, CNN_GIVEN]
    for name in (PADDED, PADDED_FUSED, PACKED):
        assert rows[name].figures["gradient error"] < 1e-4
    hours = 27_700 * sorted(rows[PACKED].seconds)[1] / 3600
    assert rows[PACKED].figures["5 x 10 epochs at the median, h"] == pytest.approx(hours)
    assert rows[PADDED].ratios["x padded, Adam as it comes"].median == 1


def test_frozen_rows_are_extrapolated_from_their_steps(folders, work, tmp_path):
    section = measure_frozen(folders, work, 1, CPU, tmp_path)
    first, second, store = section.rows
    assert (first.name, second.name, store.name) == (frozen.PADDED, frozen.PACKED, frozen.STORE)
    hours = 83_100 * first.seconds[0] / 3600
    assert first.figures == {"in all, h": pytest.approx(hours), "x padded in all": 1.0}
    assert store.figures["in all, h"] > 83_100 * store.seconds[0] / 3600
    assert store.figures["x padded in all"] == pytest.approx(hours / store.figures["in all, h"])


def test_a_frozen_encoder_stays_in_eval_mode_in_a_step(folders, work):
    bench = Bench(folders, CPU)
    wrapped = tuple(map(frozen.WithoutGradient, padding_pair(bench.audio, bench.text, 8)))
    head = list(bench.system.classifier.parameters())
    bench.step(wrapped, Adam(head), batches_of(work)[0])
    assert bench.system.classifier.training
    assert not any(module.training for encoder in wrapped for module in encoder.modules())


def test_a_whole_by_hand():
    assert frozen._total((1.0, 2.0, 3.0), fill=100.0) == 166_300


# Memory, start-up, machine


def test_peak_memory_is_the_kernels_account(tmp_path):
    status = tmp_path / "status"
    status.write_text("VmPeak:\t  999 kB\nVmHWM:\t  200 kB\nVmRSS:\t  100 kB\n")
    assert footprint.peak_memory(status) == 204_800
    assert footprint.peak_memory(tmp_path / "absent") > 5e7


def test_memory_is_measured_in_a_process_of_its_own():
    held = torch.ones(75_000_000)  # 300 MB here, none of them there
    assert footprint.in_own_process(footprint.peak_memory) < footprint.peak_memory() - 2e8
    assert len(held) == 75_000_000


def test_memory_rows(folders, monkeypatch):
    monkeypatch.setattr(footprint, "in_own_process", lambda task: task() * 0 + 3e9)
    monkeypatch.setattr(footprint, "weights_size", lambda folder: 5e8)
    rows = footprint.measure_memory(folders, "small", 2).rows
    assert [row.name for row in rows] == ["imports and inputs alone", inference.ONE_BY_ONE, "emoduet, packed"]
    assert rows[0].figures == {"peak GB": 3.0, "x weights beyond 1 GB": 2.0}


def test_start_up_times_whole_processes():
    nothing, told_help = footprint.measure_start_up(1).rows
    assert 0 < nothing.seconds[0] < told_help.seconds[0]


def test_a_cpu_is_named_with_its_instructions(tmp_path):
    info = tmp_path / "cpuinfo"
    info.write_text("model name\t: Chip 9\nflags\t\t: fpu avx2 amx_bf16\n\n")
    assert cpu_model(info) == "Chip 9 (avx2, amx_bf16)"
    info.write_text("model name\t: Chip 8\n")
    assert cpu_model(info) == "Chip 8"
    assert cpu_model(Path("/nowhere")) != ""
    assert f"torch {torch.__version__}" in describe_machine(CPU)


def test_the_peak_is_that_of_a_product():
    assert 1e8 < measure_peak(CPU, LITTLE_SHAPES, repetitions=1) < 1e14
    values, weight = torch.randn(3, 8), torch.randn(5, 8)
    for product in products(values, weight):
        assert torch.allclose(product(), values @ weight.T, atol=1e-5)


def test_a_build_without_onednn_has_one_product(monkeypatch):
    monkeypatch.setattr("emoduet.benchmarking.peak.onednn_works", lambda: False)
    assert len(list(products(torch.randn(3, 8), torch.randn(5, 8)))) == 1


# The suite


def test_sizes_are_those_of_the_papers_encoders():
    large, base = audio_config("large"), audio_config("base")
    assert (large.num_hidden_layers, large.hidden_size, large.feat_extract_norm) == (24, 1024, "layer")
    assert large.conv_bias and large.do_stable_layer_norm
    assert (base.num_hidden_layers, base.hidden_size, base.feat_extract_norm) == (12, 768, "group")
    assert (text_config("large").num_hidden_layers, text_config("large").vocab_size) == (12, 30522)


def test_an_unknown_size_is_refused(tmp_path):
    with pytest.raises(UsageError, match="size huge: choose one of large, base, small"):
        write_encoders(tmp_path, "huge")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sections": ("inference", "speed")}, "benchmark of speed: choose of inference, fine-tuning, frozen"),
        ({"rounds": 0}, "benchmark of 32 utterances in 0 rounds: need at least one of each"),
        ({"num_utterances": 0}, "benchmark of 0 utterances in 3 rounds"),
    ],
)
def test_what_cannot_be_measured_is_refused(settings, message):
    with pytest.raises(UsageError, match=message):
        Suite(CPU, **settings)


def test_a_suite_measures_what_it_was_asked_to(monkeypatch):
    further = timing.Contender("a stranger", lambda: ([torch.ones(1, 32)], [torch.ones(1, 32)]))
    monkeypatch.setattr(inference, "relative_error", lambda ours, theirs: 0.0)
    suite = Suite(CPU, "small", "small", num_utterances=1, rounds=1, sections=("inference", "start-up"))
    sections = list(run_suite(suite, lambda folders, work, device: [further]))
    assert [section.name for section in sections] == ["inference", "start-up"]
    assert sections[0].rows[-1].name == "a stranger"
