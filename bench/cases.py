"""Writes recorded cases of models, as the commands of this project and the other scripts of this folder read them."""
from onnx import numpy_helper


def write(folder, inputs, outputs):
    """Makes the case test_data_set_0 of the model in a folder of arrays by name, in the model's order."""
    case = folder / "test_data_set_0"
    case.mkdir(parents=True, exist_ok=True)
    for kind, values in (("input", inputs), ("output", outputs)):
        for i, (name, value) in enumerate(values.items()):
            (case / f"{kind}_{i}.pb").write_bytes(numpy_helper.from_array(value, name).SerializeToString())
