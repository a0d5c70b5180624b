"""Agents: reinforcement learning from bandits to policy gradients."""
