import { INPUT_TOPICS } from '../topics.js';
import { waitBrieflyWhilePaused } from './briefWaits.js';
import { readOurselves } from './fetchResponse.js';
import { gatherAnswers } from './gatherAnswers.js';

// Loaded, once, by whoever reads input topics to count them or to hold them against what was counted.
gatherAnswers();
readOurselves(new Set(INPUT_TOPICS));
waitBrieflyWhilePaused();
