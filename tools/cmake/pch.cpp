//===- pch.cpp - Stands for a header that other targets reuse -------------===//
