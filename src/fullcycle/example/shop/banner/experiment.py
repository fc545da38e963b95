"""What is learnt beside today's practice, which one visitor in ten still sees."""

import fullcycle as fc

from shop.banner.flow import clicked
from shop.banner.service import sale, show

trial = fc.Experiment({"sale": sale, "learnt": show}, primary=clicked, weights={"sale": 0.1, "learnt": 0.9})
