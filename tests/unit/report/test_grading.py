import json
import re

import numpy as np
import pandas as pd

from lensflow.report.grading import write_grading_page
from unit.report.report_fixtures import make_objects, write_dataset


def test_an_object_may_be_called_na_or_by_a_number(tmp_path):
    numbers, *described = make_objects(40)
    ids = np.array(numbers, object)
    ids[:2] = "NA", "007"
    write_dataset(tmp_path / "data", ids, *described)
    table = pd.DataFrame({"rank": [1, 2], "id": ["NA", "007"]})
    table.to_csv(tmp_path / "candidates.csv", index=False)
    page, shards = tmp_path / "grade.html", sorted(tmp_path.glob("data/**/shard_*.h5"))
    write_grading_page(page, "demo", "sky", tmp_path / "candidates.csv", shards, None, 2, 1)
    data = re.search(r'id="data"[^>]*>(.*?)</script>', page.read_text(), re.S)[1]
    assert sorted(each["id"] for each in json.loads(data)["objects"]) == ["007", "NA"]
