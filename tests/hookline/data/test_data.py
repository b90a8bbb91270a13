import torch

from hookline.data import Batch, Data, Target, TensorBatches


def test_data_has_its_only_target():
    target = Target(columns=("species",), classes=("setosa", "virginica"))
    inputs, targets = torch.zeros(2, 3), torch.tensor([0, 1])
    training = TensorBatches({"input": inputs}, {"target": targets}, batch_size=2)
    data = Data(training=training, example=Batch({"input": inputs}, {"target": targets}), targets={"target": target})
    assert data.target is target
